using System;
using System.Collections.Generic;
using System.Linq;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;
using Hypervisor.Core.Memory.Mtrr;
using Hypervisor.Core.Vmx;
using Hypervisor.Tests.Models;
using Hypervisor.Tests.Unit.Memory.Mtrr;
using Xunit;

namespace Hypervisor.Tests.Unit.Vmx;

public sealed unsafe class EptTablesTests : IDisposable
{
    private const ulong TablesBase = 0x5000_0000;
    private const ulong TablesSize = 16 << 20;
    private const ulong ApicPage = 0xFEE0_0000;
    private const ulong Region = 0x6010_0000;
    private const ulong RegionSize = 0xB_0000;
    private const ulong ZeroPage = Region + 0x1_5000;
    private const ulong Gibibyte = 1ul << 30;
    private const uint FullRights = 7;
    private const uint ReadOnlyRights = 5;

    private readonly NativeRegion _memory = new(TablesBase, TablesSize);

    public void Dispose() => _memory.Dispose();

    /// <summary>Real registers, and where the host's memory is.</summary>
    public static IEnumerable<object[]> Machines()
    {
        foreach (MtrrSet set in RealMtrrs.All)
        {
            yield return [set.Name, Region, RegionSize];
        }

        yield return ["laptop, 16 GiB, 39 bits", 0x90FF_0000ul, 0x2_0000ul]; // where memory becomes uncacheable
        yield return ["laptop, 16 GiB, 39 bits", 0x3FF8_0000ul, 0x10_0000ul]; // across 1 GiB
        yield return ["laptop, 16 GiB, 39 bits", 0xFED0_0000ul, 0x10_0000ul]; // beside the local APIC
        yield return ["server, 64 GiB, 48 bits", 0x77F0_0000ul, 0x40_0000ul];
        yield return ["board, 512 MiB, mask of 32 bits", 0x1F00_0000ul, 0x80_0000ul];
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Every_address_is_itself_with_its_type_but_for_the_hosts_memory(string name, ulong region, ulong size)
    {
        MtrrSet set = RealMtrrs.Of(name);
        Tables tables = Build(set, region, size);
        Assert.False(tables.Exhausted);
        Random random = new(3);
        ulong next = 0;
        ulong[] edges = [.. set.Edges];
        foreach (EptWalk.Mapping mapping in EptWalk.All(tables.Root, set.AddressBits))
        {
            Assert.True(next == mapping.Guest && !mapping.IgnoresPat);
            next = mapping.End;
            if (mapping.Guest < region + size && mapping.End > region)
            {
                Assert.Equal(new EptWalk.Mapping(mapping.Guest, 0x1000, ZeroPage, ReadOnlyRights, MemoryType.WriteBack, false), mapping);
                continue;
            }

            bool right = mapping.Guest == mapping.Physical && mapping.Rights == FullRights
                && set.TypeOf(mapping.Guest) == mapping.Type
                && set.TypeOf(mapping.End - 1) == mapping.Type
                && set.TypeOf(mapping.Guest + (ulong)random.NextInt64((long)mapping.Size)) == mapping.Type;
            foreach (ulong edge in edges)
            {
                right &= edge <= mapping.Guest || edge >= mapping.End || (set.TypeOf(edge) == mapping.Type && set.TypeOf(edge - 1) == mapping.Type);
            }

            Assert.True(right, right ? null : mapping.ToString());
        }

        Assert.Equal(1ul << set.AddressBits, next);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void The_tables_set_aside_suffice(string name, ulong region, ulong size)
    {
        MtrrSet set = RealMtrrs.Of(name);
        Tables tables = Build(set, region, size);
        Assert.InRange(tables.Used, 1u, EptTables.PagesNeeded(set.AddressBits, size, set.Variable.Length));
    }

    [Fact]
    public void Pages_are_as_large_as_types_allow()
    {
        Tables tables = Build(RealMtrrs.Of("laptop, 16 GiB, 39 bits"), Region, RegionSize);
        foreach (EptWalk.Mapping mapping in EptWalk.All(tables.Root, 39))
        {
            bool fine = mapping.Guest >> 21 is 0 or (ApicPage >> 21) or (Region >> 21);
            bool medium = mapping.Guest >> 30 is 0 or (ApicPage >> 30) or (Region >> 30) or (0x9100_0000 >> 30);
            Assert.Equal(fine ? 0x1000ul : medium ? 0x20_0000ul : Gibibyte, mapping.Size);
        }
    }

    [Fact]
    public void The_page_of_the_local_apic_has_an_entry_of_its_own()
    {
        MtrrSet set = RealMtrrs.Of("laptop, 16 GiB, 39 bits");
        Tables tables = Build(set, Region, RegionSize);
        EptEntry* entry = EptTables.Find(tables.Root, ApicPage + 0x300, out PageLevel level);
        Assert.Equal((PageLevel.Page4K, new EptEntry(ApicPage, EptRights.Full, MemoryType.Uncacheable, PageLevel.Page4K).Value), (level, entry->Value));
        *entry = entry->WithRights(EptRights.ReadOnly);
        Assert.Equal(new EptWalk.Mapping(ApicPage, 0x1000, ApicPage, ReadOnlyRights, MemoryType.Uncacheable, false), EptWalk.Find(tables.Root, ApicPage, 39));
        Assert.Equal(FullRights, EptWalk.Find(tables.Root, ApicPage + 0x1000, 39).Rights);
        Assert.Equal(FullRights, EptWalk.Find(tables.Root, ApicPage - 0x1000, 39).Rights);
    }

    [Fact]
    public void Without_a_trap_the_local_apic_costs_nothing()
    {
        MtrrSet set = new("all off", 39, 0, null, []);
        uint with = Build(set, Region, RegionSize).Used;
        Tables without = Build(set, Region, RegionSize, apicPage: 0);
        Assert.Equal(2u, with - without.Used);
        Assert.Equal(Gibibyte, EptWalk.Find(without.Root, ApicPage, 39).Size);
    }

    [Fact]
    public void Find_agrees_with_the_processor()
    {
        MtrrSet set = RealMtrrs.Of("laptop, 4 GiB, 36 bits");
        Tables tables = Build(set, Region, RegionSize);
        Random random = new(4);
        for (int i = 0; i < 10_000; i++)
        {
            ulong address = (ulong)random.NextInt64() & ((1ul << random.Next(12, 37)) - 1);
            EptWalk.Mapping mapping = EptWalk.Find(tables.Root, address, 36);
            EptEntry* entry = EptTables.Find(tables.Root, address, out PageLevel level);
            Assert.Equal((mapping.Physical, mapping.Size, mapping.Type), (entry->Address, PageSizes.Covered(level), entry->MemoryType));
        }

        Assert.True(EptTables.Find(tables.Root, 1ul << 36, out _) == null);
        Assert.True(EptTables.Find(tables.Root, 1ul << 47, out _) == null);
    }

    [Theory]
    [InlineData(36)]
    [InlineData(39)]
    [InlineData(40)]
    [InlineData(46)]
    [InlineData(48)]
    [InlineData(52)]
    public void What_the_processor_can_address_is_mapped_up_to_48_bits(int bits)
    {
        Tables tables = Build(new MtrrSet("plain", bits, MtrrSet.Enabled | MtrrSet.Wb, null, []), Region, RegionSize);
        ulong end = 1ul << Math.Min(bits, 48);
        Assert.Equal(end, EptWalk.All(tables.Root, bits).Aggregate(0ul, (sum, mapping) => sum + mapping.Size));
        Assert.Equal(end - Gibibyte, EptWalk.Find(tables.Root, end - 1, bits).Guest);
        Assert.True(end == 1ul << 48 || EptTables.Find(tables.Root, end, out _) == null);
    }

    [Fact]
    public void Any_ranges_without_holes_find_tables_enough()
    {
        Random random = new(5);
        for (int round = 0; round < Fuzz.Rounds(300); round++)
        {
            int count = random.Next(0, 17);
            MtrrSet set = RandomMtrrs.Create(random, random.Next(36, 41), 1ul << random.Next(24, 36), holes: false, count);
            Tables tables = Build(set, Region, RegionSize, limit: EptTables.PagesNeeded(set.AddressBits, RegionSize, count));
            Assert.False(tables.Exhausted, $"round {round}");
            AssertTypes(set, tables.Root, random, coarse: false);
        }
    }

    [Fact]
    public void The_worst_ranges_without_holes_find_tables_enough()
    {
        // Each small range in a GiB of its own, in the middle of a 2 MiB page.
        (ulong, ulong)[] ranges = [.. Enumerable.Range(1, 16).Select(i => MtrrSet.Sized(((ulong)i * 4 * Gibibyte) + 0x1234_5000, 0x1000, MtrrSet.Uc, 39))];
        MtrrSet set = new("worst", 39, MtrrSet.Enabled | MtrrSet.FixedEnabled | MtrrSet.Wb, MtrrSet.UsualFixed(), ranges);
        uint needed = EptTables.PagesNeeded(39, RegionSize, 16);
        Tables tables = Build(set, Region, RegionSize, limit: needed);
        Assert.False(tables.Exhausted);
        Assert.InRange(tables.Used, needed - 4, needed);
        Assert.Equal(MemoryType.Uncacheable, EptWalk.Find(tables.Root, (8 * Gibibyte) + 0x1234_5000, 39).Type);
        Assert.Equal(MemoryType.WriteBack, EptWalk.Find(tables.Root, (8 * Gibibyte) + 0x1234_6000, 39).Type);
    }

    [Fact]
    public void Ranges_that_need_too_many_tables_end_uncacheable_and_the_host_stays_out_of_sight()
    {
        Random random = new(6);
        int exhausted = 0;
        for (int round = 0; round < Fuzz.Rounds(300); round++)
        {
            MtrrSet set = RandomMtrrs.Create(random, random.Next(36, 41), 1ul << random.Next(24, 36), holes: true, count: 16);
            Tables tables = Build(set, Region, RegionSize, limit: EptTables.PagesNeeded(set.AddressBits, RegionSize, 16));
            Assert.NotEqual(0ul, tables.Root);
            exhausted += tables.Exhausted ? 1 : 0;
            AssertTypes(set, tables.Root, random, coarse: tables.Exhausted);
            for (ulong page = Region; page < Region + RegionSize; page += 0x1000)
            {
                EptWalk.Mapping mapping = EptWalk.Find(tables.Root, page, set.AddressBits);
                Assert.Equal((ZeroPage, ReadOnlyRights), (mapping.Physical, mapping.Rights));
            }

            Assert.Equal(0x1000ul, EptWalk.Find(tables.Root, ApicPage, set.AddressBits).Size);
        }

        Assert.True(exhausted > 0);
    }

    [Fact]
    public void What_is_left_coarse_is_marked()
    {
        // Every second page of 64 GiB: no pool would do.
        MtrrSet set = new("stripes", 36, MtrrSet.Enabled | MtrrSet.Wb, null, [MtrrSet.Range(0x1000, 0x1000, MtrrSet.Wt)]);
        Tables tables = Build(set, Region, RegionSize, limit: EptTables.PagesNeeded(36, RegionSize, 1));
        Assert.True(tables.Exhausted);
        EptEntry* entry = EptTables.Find(tables.Root, 60 * Gibibyte, out PageLevel level);
        Assert.Equal((PageLevel.Page1G, MemoryType.Uncacheable, true), (level, entry->MemoryType, entry->IsCoarse));
        Assert.False(EptTables.Find(tables.Root, ApicPage, out _)->IsCoarse);

        // Beside the host's memory, where there are tables anyway, types are right.
        Assert.Equal(MemoryType.WriteThrough, EptWalk.Find(tables.Root, Region - 0x1000, 36).Type);
        Assert.Equal(MemoryType.WriteBack, EptWalk.Find(tables.Root, Region - 0x2000, 36).Type);
    }

    [Fact]
    public void Nothing_coarse_is_left_when_tables_sufficed()
    {
        Tables tables = Build(RealMtrrs.Of("laptop, 4 GiB, 36 bits"), Region, RegionSize);
        foreach (EptWalk.Mapping mapping in EptWalk.All(tables.Root, 36))
        {
            Assert.False(EptTables.Find(tables.Root, mapping.Guest, out _)->IsCoarse);
        }
    }

    [Theory]
    [InlineData(1u)]
    [InlineData(2u)]
    [InlineData(3u)]
    [InlineData(4u)]
    [InlineData(5u)]
    public void Without_memory_for_what_must_be_there_are_no_tables(uint pages)
    {
        Assert.Equal(0ul, Build(RealMtrrs.Of("Bochs, 40 bits"), Region, RegionSize, limit: pages).Root);
    }

    [Fact]
    public void The_same_registers_make_the_same_tables_in_used_memory()
    {
        MtrrSet set = RealMtrrs.Of("M900 Tiny with coreboot, 39 bits");
        Tables first = Build(set, Region, RegionSize);
        EptWalk.Mapping[] expected = [.. EptWalk.All(first.Root, 39)];
        new Span<byte>((void*)TablesBase, 1 << 20).Fill(0xA5);
        Tables second = Build(set, Region, RegionSize);
        Assert.Equal(expected, EptWalk.All(second.Root, 39));
    }

    [Theory]
    [InlineData(36, 10, 25u)]
    [InlineData(39, 10, 25u)]
    [InlineData(40, 10, 26u)]
    [InlineData(46, 10, 152u)]
    [InlineData(48, 10, 536u)]
    [InlineData(52, 10, 536u)]
    public void Sizes_are_known_before(int bits, int ranges, uint atLeast)
    {
        uint needed = EptTables.PagesNeeded(bits, RegionSize, ranges);
        Assert.InRange(needed, atLeast, atLeast + 8);
    }

    /// <summary>Each page has the type of every address in it; a coarse one is uncacheable.</summary>
    private static void AssertTypes(MtrrSet set, ulong root, Random random, bool coarse)
    {
        for (int i = 0; i < 200; i++)
        {
            ulong address = (ulong)random.NextInt64() & ((1ul << random.Next(12, set.AddressBits + 1)) - 1);
            if (address >= Region && address < Region + RegionSize)
            {
                continue;
            }

            EptWalk.Mapping mapping = EptWalk.Find(root, address, set.AddressBits);
            Assert.Equal(mapping.Guest, mapping.Physical);
            if (EptTables.Find(root, address, out _)->IsCoarse)
            {
                Assert.True(coarse && mapping.Type == MemoryType.Uncacheable);
            }
            else
            {
                Assert.True(set.TypeOf(address) == mapping.Type, $"{address:X}: {mapping.Type}");
            }
        }
    }

    private Tables Build(MtrrSet set, ulong region, ulong size, ulong apicPage = ApicPage, uint limit = 0)
    {
        MtrrState state = set.Read();
        MachineData machine = new() { RegionBase = region, RegionSize = size, ZeroPage = ZeroPage, PhysicalAddressBits = set.AddressBits };
        PageArena arena = new(TablesBase, limit == 0 ? TablesBase + TablesSize : TablesBase + (limit * 0x1000ul));
        ulong root = EptTables.Build(&machine, &state, apicPage, &arena);
        return new Tables(root, (uint)((arena.Next - TablesBase) / 0x1000), arena.Exhausted);
    }

    private readonly record struct Tables(ulong Root, uint Used, bool Exhausted);
}
