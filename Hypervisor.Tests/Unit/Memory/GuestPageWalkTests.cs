using System;
using System.Collections.Generic;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Memory;
using Xunit;

namespace Hypervisor.Tests.Unit.Memory;

public class GuestPageWalkTests
{
    private const ulong Pg = 1UL << 31;
    private const ulong Wp = 1UL << 16;
    private const ulong Pse = 1 << 4;
    private const ulong Pae = 1 << 5;
    private const ulong La57 = 1 << 12;
    private const ulong Smep = 1 << 20;
    private const ulong Smap = 1 << 21;
    private const ulong Lma = 1 << 10;
    private const ulong Nxe = 1 << 11;
    private const ulong Ac = 1 << 18;

    public GuestPageWalkTests()
    {
        TableMemory.Clear();
    }

    [Fact]
    public void Without_paging_the_low_half_of_the_address_is_physical()
    {
        PageWalkResult result = Walk(State(0, 0, 0, 0), 0x1_2345_6789, PageAccess.Write);
        Assert.True(result.Success);
        Assert.Equal(0x2345_6789ul, result.PhysicalAddress);
        Assert.Equal(1ul << 32, result.PageSize);
    }

    [Fact]
    public void Two_levels_lead_to_a_small_page()
    {
        TableMemory.Set(0x1000 + (0x300 * 4), 0x2007);
        TableMemory.Set(0x2000 + (0x45 * 4), 0xABCD_E007);
        Expect(Walk(State(Pg, 0x1000, 0, 0), 0xC004_5678, PageAccess.Read), 0xABCD_E678, 0x1000);
    }

    [Fact]
    public void A_large_page_of_32_bit_paging_takes_its_high_address_from_bits_20_to_13()
    {
        TableMemory.Set(0x1000, 0x0040_0087 | (0xFFul << 13));
        Expect(Walk(State(Pg, 0x1000, Pse, 0), 0x1234, PageAccess.Read), 0xFF_0040_1234, 0x40_0000);
        ExpectFault(Walk(State(Pg, 0x1000, Pse, 0, bits: 36), 0x1234, PageAccess.Read), 0b1001);
        TableMemory.Set(0x1000, 0x0060_0087);
        ExpectFault(Walk(State(Pg, 0x1000, Pse, 0), 0x1234, PageAccess.Read), 0b1001);
    }

    [Fact]
    public void Pae_finds_its_pointers_at_a_root_aligned_to_32_bytes()
    {
        TableMemory.Set(0x1020 + (3 * 8), 0x2001);
        TableMemory.Set(0x2000, 0x40_0083);
        Expect(Walk(State(Pg, 0x1020, Pae, 0), 0xC000_1234, PageAccess.Write), 0x40_1234, 0x20_0000);
        TableMemory.Set(0x1020 + (3 * 8), 0x2003);
        ExpectFault(Walk(State(Pg, 0x1020, Pae, 0), 0xC000_1234, PageAccess.Write), 0b1011);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Long_mode_walks_four_or_five_levels(bool five)
    {
        ulong linear = five ? 0x0012_8081_0020_3456ul : 0x8081_0020_3456ul;
        TableMemory.Set(0x9000 + (((linear >> 48) & 511) * 8), 0x1007);
        TableMemory.Set(0x1000 + (((linear >> 39) & 511) * 8), 0x2007);
        TableMemory.Set(0x2000 + (((linear >> 30) & 511) * 8), 0x3007);
        TableMemory.Set(0x3000 + (((linear >> 21) & 511) * 8), 0x4007);
        TableMemory.Set(0x4000 + (((linear >> 12) & 511) * 8), 0x7_6543_2007);
        Expect(Walk(State(Pg, five ? 0x9000ul : 0x1000ul, five ? Pae | La57 : Pae, Lma), linear, PageAccess.Read), 0x7_6543_2456, 0x1000);
    }

    [Fact]
    public void Gibibyte_pages_exist_only_where_the_processor_has_them()
    {
        TableMemory.Set(0x1000, 0x2007);
        TableMemory.Set(0x2000 + 8, 0x8000_0087);
        Expect(Walk(State(Pg, 0x1000, Pae, Lma), 0x7FFF_FFFF, PageAccess.Read), 0xBFFF_FFFF, 0x4000_0000);
        ExpectFault(Walk(State(Pg, 0x1000, Pae, Lma, gibibyte: false), 0x7FFF_FFFF, PageAccess.Read), 0b1001);
    }

    [Theory]
    [InlineData(0ul, 3, PageAccess.Write, 0b0111u)] // user write to a read-only user page
    [InlineData(Wp, 0, PageAccess.Write, 0b0011u)]
    [InlineData(Wp, 0, PageAccess.SystemWrite, 0b0011u)]
    public void Read_only_pages_refuse_writes(ulong cr0, int cpl, PageAccess access, uint code)
    {
        MapIdentity(0x5);
        ExpectFault(Walk(State(Pg | cr0, 0x1000, Pae, Lma, cpl), 0x1234, access), code);
    }

    [Fact]
    public void Without_write_protect_a_supervisor_writes_read_only_pages()
    {
        MapIdentity(0x5);
        Assert.True(Walk(State(Pg, 0x1000, Pae, Lma), 0x1234, PageAccess.Write).Success);
    }

    [Fact]
    public void No_execute_counts_with_nxe_and_is_reserved_without()
    {
        MapIdentity(0x8000_0000_0000_0007);
        ExpectFault(Walk(State(Pg, 0x1000, Pae, Lma | Nxe), 0x1234, PageAccess.Fetch), 0b10001);
        Assert.True(Walk(State(Pg, 0x1000, Pae, Lma | Nxe), 0x1234, PageAccess.Read).Success);
        ExpectFault(Walk(State(Pg, 0x1000, Pae, Lma), 0x1234, PageAccess.Read), 0b1001);
    }

    [Fact]
    public void Smep_and_smap_keep_the_supervisor_out_of_user_pages()
    {
        MapIdentity(0x7);
        ExpectFault(Walk(State(Pg, 0x1000, Pae | Smep, Lma), 0x1234, PageAccess.Fetch), 0b10001);
        ExpectFault(Walk(State(Pg, 0x1000, Pae | Smap, Lma), 0x1234, PageAccess.Read), 0b00001);
        Assert.True(Walk(State(Pg, 0x1000, Pae | Smap, Lma, flags: Ac), 0x1234, PageAccess.Read).Success);
        ExpectFault(Walk(State(Pg, 0x1000, Pae | Smap, Lma, flags: Ac), 0x1234, PageAccess.SystemRead), 0b00001);
        ExpectFault(Walk(State(Pg, 0x1000, Pae | Smap, Lma, cpl: 3, flags: Ac), 0x1234, PageAccess.SystemRead), 0b00001);
    }

    [Fact]
    public void A_user_is_kept_out_of_supervisor_pages_but_descriptors_are_read_for_it()
    {
        MapIdentity(0x3);
        ExpectFault(Walk(State(Pg, 0x1000, Pae, Lma, cpl: 3), 0x1234, PageAccess.Read), 0b00101);
        Assert.True(Walk(State(Pg, 0x1000, Pae, Lma, cpl: 3), 0x1234, PageAccess.SystemRead).Success);
        Assert.True(Walk(State(Pg, 0x1000, Pae, Lma, cpl: 2), 0x1234, PageAccess.Read).Success);
    }

    /// <summary>Every address of memory holds a random entry, biased so that walks go deep; both walks must agree on everything, and must
    /// read only aligned addresses.</summary>
    [Fact]
    public void Any_tables_translate_as_a_second_independent_walk_says()
    {
        Random random = new(11);
        int rounds = Fuzz.Rounds(3_000_000);
        int[] mapped = new int[6];
        for (int round = 0; round < rounds; round++)
        {
            int width = random.Next(4) switch { 0 => 52, 1 => 48, 2 => 40, _ => random.Next(32, 53) };
            RandomMemory.Seed = (ulong)random.NextInt64();
            RandomMemory.Width = width;
            ReferenceWalk.Machine m = new(
                Pg: random.Next(20) != 0, Wp: Coin(random), Pse: Coin(random), Pae: random.Next(4) != 0, La57: Coin(random),
                Smep: Coin(random), Smap: Coin(random), Nxe: random.Next(4) != 0, Lma: random.Next(4) != 0, Ac: Coin(random),
                Cpl: random.Next(4), Width: width, Gib: Coin(random),
                Cr3: (ulong)random.NextInt64() & ((1UL << width) - 1));
            m = m with { Lma = m.Lma && m.Pg && m.Pae };
            ulong linear = ((ulong)random.NextInt64() << 1) ^ (ulong)random.Next();
            PageAccess access = (PageAccess)random.Next(5);
            PagingState state = State(
                (m.Pg ? Pg : 0) | (m.Wp ? Wp : 0),
                m.Cr3,
                (m.Pse ? Pse : 0) | (m.Pae ? Pae : 0) | (m.La57 ? La57 : 0) | (m.Smep ? Smep : 0) | (m.Smap ? Smap : 0),
                (m.Lma ? Lma : 0) | (m.Nxe ? Nxe : 0),
                m.Cpl,
                m.Ac ? Ac : 0,
                m.Width,
                m.Gib);
            ReferenceWalk.Answer expected = ReferenceWalk.Walk(m, linear, access, RandomMemory.ReadUInt64, RandomMemory.ReadUInt32);
            PageWalkResult actual = GuestPageWalk.Translate<RandomMemory>(state, linear, access);
            ReferenceWalk.Answer found = new(actual.Success, actual.PhysicalAddress, actual.PageSize, actual.ErrorCode.Value);
            if (found != expected)
            {
                Assert.Fail($"{m} {linear:X} {access}: {found}, expected {expected}");
            }

            mapped[(int)state.Mode] += expected.Ok ? 1 : 0;
        }

        foreach (PagingMode mode in Enum.GetValues<PagingMode>())
        {
            Assert.True(mapped[(int)mode] > rounds / 100, $"only {mapped[(int)mode]} walks succeeded in mode {mode}");
        }
    }

    private static bool Coin(Random random) => random.Next(2) == 0;

    /// <summary>One 4 KiB page at 0x1000 of the address space, mapped to itself, with the given bits in its last entry.</summary>
    private static void MapIdentity(ulong bits)
    {
        TableMemory.Set(0x1000, 0x2007);
        TableMemory.Set(0x2000, 0x3007);
        TableMemory.Set(0x3000, 0x4007);
        TableMemory.Set(0x4000 + 8, 0x1000 | bits);
    }

    private static PagingState State(
        ulong cr0, ulong cr3, ulong cr4, ulong efer, int cpl = 0, ulong flags = 0, int bits = 48, bool gibibyte = true) =>
        new(new Cr0(cr0), new Cr3(cr3), new Cr4(cr4), new Efer(efer), new RFlags(flags), cpl, bits, gibibyte);

    private static PageWalkResult Walk(PagingState state, ulong linear, PageAccess access) =>
        GuestPageWalk.Translate<TableMemory>(state, linear, access);

    private static void Expect(PageWalkResult result, ulong physical, ulong size)
    {
        Assert.True(result.Success);
        Assert.Equal(physical, result.PhysicalAddress);
        Assert.Equal(size, result.PageSize);
    }

    private static void ExpectFault(PageWalkResult result, uint code)
    {
        Assert.False(result.Success);
        Assert.Equal(code, result.ErrorCode.Value);
    }

    /// <summary>What a test has put there; zero everywhere else.</summary>
    private readonly struct TableMemory : IPhysicalMemory
    {
        private static readonly Dictionary<ulong, ulong> s_entries = [];

        public static void Clear() => s_entries.Clear();

        public static void Set(ulong address, ulong value) => s_entries[address] = value;

        public static ulong ReadUInt64(ulong physicalAddress) => s_entries.GetValueOrDefault(physicalAddress);

        public static uint ReadUInt32(ulong physicalAddress) => (uint)s_entries.GetValueOrDefault(physicalAddress);
    }

    /// <summary>A random but repeatable entry at every address.</summary>
    private readonly struct RandomMemory : IPhysicalMemory
    {
        public static ulong Seed { get; set; }

        public static int Width { get; set; }

        public static ulong ReadUInt64(ulong physicalAddress)
        {
            Assert.True((physicalAddress & 7) == 0 && physicalAddress >> Width == 0);
            ulong noise = Mix(physicalAddress);
            ulong choice = Mix(noise);
            ulong entry = noise & (((1UL << Width) - 1) | 0x8000_0000_0000_0000);
            entry |= Rights(choice);

            // Mostly what an operating system would write, so that the walk reaches the end: no NX, no reserved bits, no page bit.
            if ((choice & 0x700) != 0)
            {
                entry &= ~0x8000_0000_0000_0000;
            }

            if ((choice & 0x3000) != 0)
            {
                entry &= ~0x80ul;
            }
            else if ((choice & 0xC000) != 0)
            {
                entry &= ~0x3FFF_E000ul | 0x80;
            }

            if ((choice & 0x30000) != 0)
            {
                entry &= ~0x160ul;
            }

            // The pointers of PAE allow no rights, so they must sometimes be without.
            if ((choice & 0x180000) == 0)
            {
                entry &= ~0x1E6ul;
            }

            return (choice & 0x3F00_0000) == 0 ? entry | noise : entry;
        }

        public static uint ReadUInt32(ulong physicalAddress)
        {
            Assert.True((physicalAddress & 3) == 0 && physicalAddress >> 32 == 0);
            ulong noise = Mix(physicalAddress);
            ulong choice = Mix(noise);
            ulong entry = noise | Rights(choice);
            return (uint)((choice & 0x700) != 0 ? entry & ~0x3F_E000ul : entry);
        }

        private static ulong Rights(ulong choice) => ((choice & 0x1F) != 0 ? 1ul : 0) | ((choice & 0x60) != 0 ? 6ul : 0);

        private static ulong Mix(ulong value)
        {
            value = (value ^ Seed) * 0x9E37_79B9_7F4A_7C15;
            value = (value ^ (value >> 29)) * 0xBF58_476D_1CE4_E5B9;
            return value ^ (value >> 32);
        }
    }
}
