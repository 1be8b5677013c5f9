using System;
using System.Collections.Generic;
using Hypervisor.Core.Memory;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Memory;

public sealed unsafe class PageTablesTests : IDisposable
{
    private const PageFlags Data = PageFlags.Present | PageFlags.Writable | PageFlags.NoExecute;
    private const PageFlags Code = PageFlags.Present;

    private readonly NativeRegion _memory = new(0x6000_0000, 0x40_0000);

    public void Dispose() => _memory.Dispose();

    [Fact]
    public void Changing_pages_leaves_the_others_as_they_were()
    {
        Random random = new(5);
        for (int round = 0; round < Fuzz.Rounds(40); round++)
        {
            PageArena arena = new(_memory.Base, _memory.Base + 0x40_0000);
            ulong root = Root(&arena);
            Dictionary<ulong, PageFlags> changed = [];
            for (int change = 0; change < 20; change++)
            {
                ulong page = ((ulong)random.Next(3) << 30) | ((ulong)random.Next(3) << 21) | ((ulong)random.Next(512) << 12);
                PageFlags flags = random.Next(3) switch { 0 => PageFlags.None, 1 => Code, _ => PageFlags.Present | PageFlags.NoExecute };
                int pages = random.Next(1, 5);
                Assert.True(PageTables.Protect(root, page, page + ((ulong)pages << 12), flags, &arena));
                for (int i = 0; i < pages; i++)
                {
                    changed[page + ((ulong)i << 12)] = flags;
                }
            }

            ulong seen = 0;
            foreach (TableWalk.Mapping mapping in TableWalk.Lower(root))
            {
                bool hasOwn = changed.TryGetValue(mapping.Linear, out PageFlags flags) && mapping.Size == 0x1000;
                flags = hasOwn ? flags : Data;
                Assert.Equal(mapping.Linear, mapping.Physical);
                Assert.Equal((flags & PageFlags.Writable) != 0, mapping.Writable);
                Assert.Equal((flags & PageFlags.NoExecute) == 0, mapping.Executable);
                seen += mapping.Size;
            }

            foreach (KeyValuePair<ulong, PageFlags> change in changed)
            {
                Assert.Equal(change.Value == PageFlags.None, TableWalk.Find(root, change.Key) == null);
                seen += change.Value == PageFlags.None ? 0x1000u : 0;
            }

            Assert.Equal(1ul << 39, seen);
        }
    }

    [Fact]
    public void Find_sees_what_the_walk_sees()
    {
        PageArena arena = new(_memory.Base, _memory.Base + 0x40_0000);
        ulong root = Root(&arena);
        PageTables.Protect(root, 0x4030_5000, 0x4030_6000, PageFlags.None, &arena);
        Assert.True(PageTables.Find(root, 0x4030_5123, out _) == null);
        Assert.Equal((0x4030_6000ul, PageLevel.Page4K), (PageTables.Find(root, 0x4030_6FFF, out PageLevel level)->Address, level));
        Assert.Equal((0x4040_0000ul, PageLevel.Page2M), (PageTables.Find(root, 0x4040_0000, out level)->Address, level));
        Assert.Equal((0x8000_0000ul, PageLevel.Page1G), (PageTables.Find(root, 0x9234_5678, out level)->Address, level));
        Assert.True(PageTables.Find(root, 1ul << 39, out level) == null);
        Assert.Equal(PageLevel.Root, level);
    }

    [Fact]
    public void An_exhausted_arena_is_told_and_nothing_is_overwritten()
    {
        for (ulong pages = 2; pages < 5; pages++)
        {
            PageArena arena = new(_memory.Base, _memory.Base + (pages * 0x1000));
            new Span<byte>((void*)_memory.Base, 0x10000).Fill(0xCC);
            ulong root = Root(&arena);
            bool enough = pages == 4;
            Assert.Equal(enough, PageTables.Protect(root, 0x1000, 0x2000, Code, &arena));
            Assert.Equal(!enough, arena.Exhausted);
            Assert.True(new ReadOnlySpan<byte>((void*)(_memory.Base + (pages * 0x1000)), 0x1000).IndexOfAnyExcept((byte)0xCC) < 0);
        }
    }

    [Fact]
    public void The_arena_gives_zeroed_aligned_pages_and_nothing_after_a_refusal()
    {
        new Span<byte>((void*)_memory.Base, 0x20000).Fill(0xCC);
        PageArena arena = new(_memory.Base + 1, _memory.Base + 0x10000);
        Assert.Equal(_memory.Base + 0x1000, arena.Allocate());
        Assert.Equal(_memory.Base + 0x4000, arena.Allocate(2, 0x4000));
        Assert.True(new ReadOnlySpan<byte>((void*)(_memory.Base + 0x4000), 0x2000).IndexOfAnyExcept((byte)0) < 0);
        Assert.Equal(0xCC, *(byte*)(_memory.Base + 0x6000));
        Assert.Equal(0ul, arena.Allocate(11, 0x1000));
        Assert.True(arena.Exhausted);
        Assert.Equal(0ul, arena.Allocate());
    }

    private static ulong Root(PageArena* arena)
    {
        ulong root = arena->Allocate();
        ulong table = arena->Allocate();
        PageTables.FillGigabytes(table, 0, Data);
        *(PageTableEntry*)root = new PageTableEntry(table, PageFlags.Table);
        return root;
    }
}
