using System;
using System.Collections.Generic;
using System.Linq;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Memory.Mtrr;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Memory.Mtrr;

public sealed unsafe class MtrrStateTests
{
    private const byte Uc = MtrrSet.Uc;
    private const byte Wc = MtrrSet.Wc;
    private const byte Wt = MtrrSet.Wt;
    private const byte Wp = MtrrSet.Wp;
    private const byte Wb = MtrrSet.Wb;
    private const ulong On = MtrrSet.Enabled;
    private const int Bits = 39;
    private const ulong Mebibyte = 1ul << 20;
    private const ulong Gibibyte = 1ul << 30;

    /// <summary>Machine, address, type.</summary>
    public static TheoryData<string, ulong, byte> Points() => new()
    {
        { "laptop, 16 GiB, 39 bits", 0x0009_F000, Wb },
        { "laptop, 16 GiB, 39 bits", 0x000A_0000, Uc },
        { "laptop, 16 GiB, 39 bits", 0x000B_F000, Uc },
        { "laptop, 16 GiB, 39 bits", 0x000C_0000, Wp },
        { "laptop, 16 GiB, 39 bits", 0x000F_F000, Wp },
        { "laptop, 16 GiB, 39 bits", 0x0010_0000, Wb },
        { "laptop, 16 GiB, 39 bits", 0x90FF_F000, Wb },
        { "laptop, 16 GiB, 39 bits", 0x9100_0000, Uc },
        { "laptop, 16 GiB, 39 bits", 0xFEE0_0000, Uc },
        { "laptop, 16 GiB, 39 bits", 0xFFFF_FFFF, Uc },
        { "laptop, 16 GiB, 39 bits", 0x1_0000_0000, Wb },
        { "laptop, 16 GiB, 39 bits", 0x3F_FFFF_F000, Wb },
        { "laptop, 16 GiB, 39 bits", 0x40_0000_0000, Uc },
        { "workstation, 12 GiB, 36 bits", 0x000D_F000, Uc },
        { "workstation, 12 GiB, 36 bits", 0xDFFF_F000, Wb },
        { "workstation, 12 GiB, 36 bits", 0xE000_0000, Uc },
        { "workstation, 12 GiB, 36 bits", 0x1_0000_0000, Wb },
        { "workstation, 12 GiB, 36 bits", 0x3_1EFF_F000, Wb },
        { "workstation, 12 GiB, 36 bits", 0x3_1F00_0000, Uc },
        { "server, 16 GiB, 36 bits", 0x000D_3000, Wp },
        { "server, 16 GiB, 36 bits", 0x000D_4000, Uc },
        { "server, 16 GiB, 36 bits", 0x000E_7000, Uc },
        { "server, 16 GiB, 36 bits", 0x000E_8000, Wp },
        { "server, 16 GiB, 36 bits", 0x4_1EFF_FFFF, Wb },
        { "server, 16 GiB, 36 bits", 0x4_1F00_0000, Uc },
        { "board, 8 GiB, 48 bits", 0x8F7F_F000, Wb },
        { "board, 8 GiB, 48 bits", 0x8F80_0000, Uc },
        { "server, 64 GiB, 48 bits", 0x77FF_F000, Wb },
        { "server, 64 GiB, 48 bits", 0x7800_0000, Uc },
        { "server, 64 GiB, 48 bits", 0xE400_0000, Wp },
        { "server, 64 GiB, 48 bits", 0xFF00_0000, Wp },
        { "QEMU with SeaBIOS, 40 bits", 0x7FFF_F000, Wb },
        { "QEMU with SeaBIOS, 40 bits", 0x8000_0000, Uc },
        { "QEMU with SeaBIOS, 40 bits", 0xFF_FFFF_F000, Wb },
        { "QEMU with Slim Bootloader, 40 bits", 0x0EFF_F000, Wb },
        { "QEMU with Slim Bootloader, 40 bits", 0x0F00_0000, Uc },
        { "Bochs, 40 bits", 0xBFFF_F000, Wb },
        { "Bochs, 40 bits", 0xC000_0000, Uc },
        { "Bochs, 40 bits", 0x000C_0000, Uc },
        { "laptop, 4 GiB, 36 bits", 0x000E_0000, Wt },
        { "laptop, 4 GiB, 36 bits", 0xB7DF_F000, Wb },
        { "laptop, 4 GiB, 36 bits", 0xB7E0_0000, Uc },
        { "laptop, 4 GiB, 36 bits", 0x1_3FFF_F000, Wb },
        { "laptop, 4 GiB, 36 bits", 0x1_4000_0000, Uc },
        { "board, 512 MiB, mask of 32 bits", 0x3FFF_F000, Wb },
        { "board, 512 MiB, mask of 32 bits", 0x4000_0000, Uc },
        { "board, 512 MiB, mask of 32 bits", 0x1_0000_0000, Wb },
        { "board, 512 MiB, mask of 32 bits", 0xF_3FFF_F000, Wb },
        { "M900 Tiny with coreboot, 39 bits", 0x8FFF_F000, Wc },
        { "M900 Tiny with coreboot, 39 bits", 0x7B00_0000, Uc },
        { "M900 Tiny with coreboot, 39 bits", 0x9000_0000, Uc },
        { "Atom E3930, 4 GiB, 39 bits", 0xFF00_0000, Wc },
        { "board, 2 GiB, write-through flash", 0xFEDA_0000, Wt },
        { "board, 2 GiB, write-through flash", 0xFEDB_FFFF, Wt },
        { "board, 2 GiB, write-through flash", 0xFEDC_0000, Uc },
    };

    [Theory]
    [MemberData(nameof(Points))]
    public void Real_machines_have_the_types_their_logs_say(string name, ulong address, byte expected)
    {
        MtrrSet set = RealMtrrs.Of(name);
        Assert.Equal((MemoryType)expected, set.TypeOf(address));
        Assert.Equal((MemoryType)expected, set.Read().TypeOf(address));
    }

    /// <summary>Types of the ranges over the same address, default type, the type that results (Intel SDM vol 3 §11.11.4.1).</summary>
    public static TheoryData<byte[], byte, byte> Overlaps() => new()
    {
        { [], Wb, Wb },
        { [], Uc, Uc },
        { [], Wc, Wc },
        { [Wb], Uc, Wb },
        { [Uc], Wb, Uc },
        { [Wc], Wb, Wc },
        { [Wt], Wb, Wt },
        { [Wp], Wb, Wp },
        { [Wb, Wb], Uc, Wb },
        { [Wc, Wc], Uc, Wc },
        { [Wb, Uc], Wb, Uc },
        { [Uc, Wb], Wb, Uc },
        { [Wt, Uc], Wb, Uc },
        { [Wc, Uc], Wb, Uc },
        { [Wp, Uc], Wb, Uc },
        { [Wb, Wt], Uc, Wt },
        { [Wt, Wb], Uc, Wt },
        { [Wb, Wt, Wb], Uc, Wt },
        { [Wb, Wt, Uc], Wb, Uc },
        { [Wb, Wc], Wb, Uc }, // undefined
        { [Wt, Wc], Wb, Uc }, // undefined
        { [Wp, Wb], Wb, Uc }, // undefined
        { [Wp, Wt], Wb, Uc }, // undefined
        { [Wp, Wt, Wb], Wb, Uc }, // undefined
        { [Wb, Wb, Wb, Wb, Wb, Wb, Wb, Wb, Wb, Wt], Uc, Wt },
    };

    [Theory]
    [MemberData(nameof(Overlaps))]
    public void Overlapping_ranges_combine(byte[] types, byte defaultType, byte expected)
    {
        MtrrSet set = new("overlap", Bits, On | defaultType, null, [.. types.Select(type => MtrrSet.Sized(Gibibyte, Gibibyte, type, Bits))]);
        MtrrState state = set.Read();
        Assert.Equal((MemoryType)expected, state.TypeOf(Gibibyte));
        Assert.Equal((MemoryType)expected, state.TypeOf((2 * Gibibyte) - 1));
        Assert.Equal((MemoryType)defaultType, state.TypeOf(2 * Gibibyte));
        Assert.True(state.TryTypeOf(Gibibyte, Gibibyte, out MemoryType type));
        Assert.Equal((MemoryType)expected, type);
    }

    [Theory]
    [InlineData(0ul, Uc)] // all off
    [InlineData(MtrrSet.FixedEnabled, Uc)] // FE without E counts for nothing
    [InlineData(MtrrSet.Enabled, Wt)]
    [InlineData(MtrrSet.Enabled | MtrrSet.FixedEnabled, Wp)]
    public void Enable_bits_say_what_counts(ulong flags, byte expectedAtC0000)
    {
        MtrrSet set = new("enable", Bits, flags | Wb, MtrrSet.UsualFixed(), [MtrrSet.Sized(0, 2 * Mebibyte, Wt, Bits)]);
        Assert.Equal((MemoryType)expectedAtC0000, set.Read().TypeOf(0xC_0000));
        Assert.Equal((flags & MtrrSet.Enabled) != 0 ? MemoryType.WriteBack : MemoryType.Uncacheable, set.Read().TypeOf(Gibibyte));
    }

    [Fact]
    public void Without_mtrrs_everything_is_write_back()
    {
        SimulatedProcessor processor = RealMtrrs.All[0].Simulate();
        processor.Cpuids.Set(1, 0, 0, 0, 0, ~(1u << 12));
        processor.Msrs.Clear();
        Instructions.Processor = processor;
        MtrrState state;
        MtrrState.Read(Bits, &state);
        Assert.False(state.Exists);
        Assert.Equal(0, state.VariableCount);
        Assert.Equal(MemoryType.WriteBack, state.TypeOf(0xA_0000));
        Assert.True(state.TryTypeOf(0, 1ul << 39, out MemoryType type) && type == MemoryType.WriteBack);
    }

    [Fact]
    public void Without_fixed_ranges_the_variable_ones_count_below_1_MiB()
    {
        MtrrSet set = new("no fixed", Bits, On | MtrrSet.FixedEnabled | Wb, null, [MtrrSet.Sized(0xA_0000, 0x2_0000, Uc, Bits)]);
        MtrrState state = set.Read();
        Assert.Equal(MemoryType.Uncacheable, state.TypeOf(0xA_0000));
        Assert.Equal(MemoryType.WriteBack, state.TypeOf(0xC_0000));
        Assert.False(state.Capability.HasFixed);
    }

    [Fact]
    public void Every_fixed_range_has_its_own_type()
    {
        byte[] usual = MtrrSet.UsualFixed(Uc);
        for (int i = 0; i < usual.Length; i++)
        {
            byte[] types = new byte[usual.Length];
            types[i] = Wb;
            MtrrState state = new MtrrSet("one", Bits, On | MtrrSet.FixedEnabled | Uc, types, []).Read();
            (ulong start, ulong size) = i < 8 ? ((ulong)i << 16, 0x1_0000ul) : i < 24 ? (0x8_0000 + ((ulong)(i - 8) << 14), 0x4000ul) : (0xC_0000 + ((ulong)(i - 24) << 12), 0x1000ul);
            for (ulong address = 0; address < Mebibyte; address += 0x1000)
            {
                Assert.Equal(address >= start && address < start + size ? MemoryType.WriteBack : MemoryType.Uncacheable, state.TypeOf(address));
            }
        }
    }

    [Fact]
    public void Ranges_below_1_MiB_are_compared_too()
    {
        MtrrState state = RealMtrrs.Of("laptop, 16 GiB, 39 bits").Read();
        Assert.True(state.TryTypeOf(0, 0x8_0000, out MemoryType low) && low == MemoryType.WriteBack);
        Assert.True(state.TryTypeOf(0x8_0000, 0x2_0000, out low) && low == MemoryType.WriteBack);
        Assert.True(state.TryTypeOf(0xA_0000, 0x2_0000, out low) && low == MemoryType.Uncacheable);
        Assert.True(state.TryTypeOf(0xC_0000, 0x4_0000, out low) && low == MemoryType.WriteProtected);
        Assert.False(state.TryTypeOf(0x8_0000, 0x8_0000, out _));
        Assert.False(state.TryTypeOf(0, Mebibyte, out _));
        Assert.False(state.TryTypeOf(0, 2 * Mebibyte, out _));
        Assert.False(state.TryTypeOf(0, Gibibyte, out _));
        Assert.True(state.TryTypeOf(Mebibyte, Mebibyte, out low) && low == MemoryType.WriteBack);
    }

    [Fact]
    public void Fixed_ranges_of_the_type_around_them_leave_a_large_page_whole()
    {
        byte[] all = [.. Enumerable.Repeat(Wb, 88)];
        MtrrState state = new MtrrSet("same", Bits, On | MtrrSet.FixedEnabled | Wb, all, []).Read();
        Assert.True(state.TryTypeOf(0, Gibibyte, out MemoryType type) && type == MemoryType.WriteBack);
        state = new MtrrSet("other", Bits, On | MtrrSet.FixedEnabled | Uc, all, []).Read();
        Assert.False(state.TryTypeOf(0, 2 * Mebibyte, out _));
    }

    [Fact]
    public void Masks_are_as_wide_as_addresses()
    {
        // With a key in the highest bits of an address the firmware leaves those bits out of masks.
        MtrrSet keyed = new("keyed", 46, On | Uc, null, [MtrrSet.Range(0, 0x3F_FFFF_FFFF_FFFF & ~(0x3Ful << 40) & ~(Gibibyte - 1) & ((1ul << 46) - 1), Wb)]);
        MtrrState state = keyed.Read();
        Assert.Equal(MemoryType.WriteBack, state.TypeOf(0x1000));
        Assert.Equal(MemoryType.WriteBack, state.TypeOf((5ul << 40) + 0x1000));
        Assert.Equal(MemoryType.Uncacheable, state.TypeOf((5ul << 40) + Gibibyte));

        // Bits beyond the width say nothing.
        MtrrSet wide = new("wide", 36, On | Uc, null, [(Wb, 0xFFFF_FFFF_C000_0800)]);
        Assert.Equal(MemoryType.WriteBack, wide.Read().TypeOf(0x3FFF_F000));
    }

    [Fact]
    public void A_mask_with_a_hole_covers_every_repetition()
    {
        // Bit 32 is left out: the first GiB, and the one 4 GiB above it.
        MtrrSet set = new("hole", 36, On | Uc, null, [MtrrSet.Range(0, 0xE_C000_0000, Wb)]);
        MtrrState state = set.Read();
        Assert.True(state.TryTypeOf(0, Gibibyte, out MemoryType type) && type == MemoryType.WriteBack);
        Assert.True(state.TryTypeOf(4 * Gibibyte, Gibibyte, out type) && type == MemoryType.WriteBack);
        Assert.True(state.TryTypeOf(Gibibyte, Gibibyte, out type) && type == MemoryType.Uncacheable);
        Assert.True(state.TryTypeOf(8 * Gibibyte, 8 * Gibibyte, out type) && type == MemoryType.Uncacheable);
        Assert.False(state.TryTypeOf(0, 2 * Gibibyte, out _));

        // Bit 12 is left in, all from 13 to 20 out: every second page of a 2 MiB range.
        MtrrState striped = new MtrrSet("striped", 36, On | Wb, null, [MtrrSet.Range(0x1000, 0xF_FFE0_1000, Uc)]).Read();
        Assert.Equal(MemoryType.WriteBack, striped.TypeOf(0x2000));
        Assert.Equal(MemoryType.Uncacheable, striped.TypeOf(0x1F_F000));
        Assert.False(striped.TryTypeOf(0, 2 * Mebibyte, out _));
        Assert.True(striped.TryTypeOf(2 * Mebibyte, 2 * Mebibyte, out type) && type == MemoryType.WriteBack);
    }

    [Fact]
    public void A_range_that_is_not_valid_counts_for_nothing()
    {
        MtrrSet set = new("off", Bits, On | Wb, null, [(Gibibyte | Uc, (1ul << Bits) - Gibibyte)]);
        Assert.Equal(MemoryType.WriteBack, set.Read().TypeOf(Gibibyte));
    }

    [Fact]
    public void The_range_of_system_management_mode_is_no_variable_range()
    {
        SimulatedProcessor processor = RealMtrrs.Of("Bochs, 40 bits").Simulate();
        processor.Msrs[Msr.MtrrCapability] |= 1ul << 11;
        processor.Msrs[Msr.SmrrBase] = 0x7000_0000 | Wb;
        processor.Msrs[Msr.SmrrMask] = 0xFF80_0000 | 0x800;
        Instructions.Processor = processor;
        MtrrState state;
        MtrrState.Read(40, &state);
        Assert.True(state.Capability.HasSystemManagementRange);
        Assert.Equal(8, state.VariableCount);
        Assert.True(state.TryTypeOf(0x4000_0000, Gibibyte, out MemoryType type) && type == MemoryType.WriteBack);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(0xFF)]
    public void Reserved_types_are_uncacheable(byte reserved)
    {
        byte[] types = MtrrSet.UsualFixed();
        types[0] = reserved;
        MtrrState state = new MtrrSet("reserved", Bits, On | MtrrSet.FixedEnabled | Wb, types, [MtrrSet.Range(Gibibyte, 0x7F_C000_0000, reserved)]).Read();
        Assert.Equal(MemoryType.Uncacheable, state.TypeOf(0));
        Assert.Equal(MemoryType.Uncacheable, state.TypeOf(Gibibyte));
        Assert.Equal(MemoryType.Uncacheable, new MtrrSet("default", Bits, On | reserved, null, []).Read().TypeOf(Gibibyte));
    }

    [Fact]
    public void No_more_than_16_ranges_are_read()
    {
        SimulatedProcessor processor = RealMtrrs.Of("Bochs, 40 bits").Simulate();
        processor.Msrs[Msr.MtrrCapability] = 0x5FF;
        Instructions.Processor = processor;
        MtrrState state;
        MtrrState.Read(40, &state);
        Assert.Equal(16, state.VariableCount);
        Assert.Equal(MemoryType.Uncacheable, state.TypeOf(0xC000_0000));
    }

    [Fact]
    public void A_change_of_any_register_is_noticed()
    {
        MtrrSet set = RealMtrrs.All[0];
        SimulatedProcessor processor = set.Simulate();
        Instructions.Processor = processor;
        MtrrState before;
        MtrrState after;
        MtrrState.Read(set.AddressBits, &before);
        MtrrState.Read(set.AddressBits, &after);
        Assert.True(MtrrState.AreEqual(&before, &after));
        foreach (uint msr in processor.Msrs.Keys.Where(msr => msr is 0xFE or 0x2FF or (>= 0x200 and <= 0x213) or 0x250 or 0x258 or 0x259 or (>= 0x268 and <= 0x26F)).ToArray())
        {
            processor.Msrs[msr] ^= 0x100;
            MtrrState.Read(set.AddressBits, &after);
            Assert.False(MtrrState.AreEqual(&before, &after), $"{msr:X}");
            processor.Msrs[msr] ^= 0x100;
        }

        MtrrState.Read(set.AddressBits - 1, &after);
        Assert.False(MtrrState.AreEqual(&before, &after));
    }

    [Fact]
    public void Every_address_has_the_type_the_manual_gives_it()
    {
        Random random = new(1);
        for (int round = 0; round < Fuzz.Rounds(2_000); round++)
        {
            MtrrSet set = RandomMtrrs.Create(random, random.Next(36, 53), 1ul << random.Next(21, 36), holes: true);
            MtrrState state = set.Read();
            foreach (ulong address in Addresses(random, set))
            {
                Assert.True(set.TypeOf(address) == state.TypeOf(address), $"round {round}, {address:X}: {state.TypeOf(address)}");
            }
        }
    }

    [Fact]
    public void A_range_has_one_type_where_all_its_pages_have()
    {
        Random random = new(2);
        int uniform = 0;
        int mixed = 0;
        int cautious = 0;
        for (int round = 0; round < Fuzz.Rounds(3_000); round++)
        {
            MtrrSet set = RandomMtrrs.Create(random, 36, 1ul << random.Next(21, 25), holes: random.Next(2) == 0, count: random.Next(1, 8));
            MtrrState state = set.Read();
            ulong size = 1ul << random.Next(12, 23);
            ulong address = (ulong)random.NextInt64(1 << 25) & ~(size - 1);
            HashSet<MemoryType> types = [];
            for (ulong page = address; page < address + size; page += 0x1000)
            {
                types.Add(set.TypeOf(page));
            }

            if (state.TryTypeOf(address, size, out MemoryType type))
            {
                Assert.Equal([type], types);
                uniform++;
            }
            else if (types.Count > 1)
            {
                mixed++;
            }
            else
            {
                // Only where two registers, or one and the fixed ranges, meet inside.
                cautious++;
                int meeting = set.Variable.Count(pair => new VariableMtrr(pair.Base, pair.Mask).Cover(address, size, (1ul << 36) - 0x1000) == MtrrCoverage.Part);
                Assert.True(meeting > 1 || address < Mebibyte, $"round {round}");
            }
        }

        Assert.True(uniform > 0 && mixed > 0 && cautious < uniform / 5, $"{uniform} uniform, {mixed} mixed, {cautious} not seen");
    }

    [Theory]
    [MemberData(nameof(RealMtrrs.Names), MemberType = typeof(RealMtrrs))]
    public void On_real_machines_no_range_is_divided_without_need(string name)
    {
        MtrrSet set = RealMtrrs.Of(name);
        MtrrState state = set.Read();
        for (ulong start = 0; start < 20 * Gibibyte; start += Gibibyte)
        {
            bool same = true;
            MemoryType first = set.TypeOf(start);
            for (ulong page = start; page < start + Gibibyte && same; page += 0x2_0000)
            {
                same = set.TypeOf(page) == first;
            }

            Assert.Equal(same && start != 0, state.TryTypeOf(start, Gibibyte, out MemoryType type));
            Assert.True(!same || start == 0 || type == first);
        }
    }

    private static IEnumerable<ulong> Addresses(Random random, MtrrSet set)
    {
        foreach (ulong edge in set.Edges)
        {
            yield return edge;
            yield return edge == 0 ? 0 : edge - 1;
        }

        for (int i = 0; i < 20; i++)
        {
            yield return (ulong)random.NextInt64() & ((1ul << random.Next(12, set.AddressBits + 1)) - 1);
        }
    }
}
