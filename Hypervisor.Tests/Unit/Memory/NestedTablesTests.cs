using System;
using System.Collections.Generic;
using System.Linq;
using Hypervisor.Core.Memory;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Memory;

public sealed unsafe class NestedTablesTests
{
    private const ulong Gibibyte = 1ul << 30;

    /// <summary>Address bits, host's memory, bytes in addition, local APIC page.</summary>
    public static IEnumerable<object[]> Machines() =>
    [
        [36, 0x6000_0000ul, 0ul, 0xFEE0_0000ul],
        [39, 0x6000_0000ul, 0ul, 0xFEE0_0000ul],
        [40, 0x6000_0000ul, 0ul, 0xFEE0_0000ul],
        [40, 0x6010_0000ul, 0ul, 0x600F_F000ul], // in the same 2 MiB
        [40, 0x6010_0000ul, 0ul, 0x6FF0_0000ul], // in the same 1 GiB
        [40, 0x3FFF_0000ul, 0x20_0000ul, 0xFEE0_0000ul], // across 1 GiB
        [40, 0x3FFF_0000ul, 0x20_0000ul, 0x3FFE_F000ul],
        [40, 0x6000_0000ul, 0ul, 0x7F_FFFF_F000ul], // far up
        [40, 0x6000_0000ul, 0ul, 0x80_0000_0000ul],
        [47, 0x6000_0000ul, 0ul, 0xFEE0_0000ul],
        [48, 0x6000_0000ul, 0ul, 0xFEE0_0000ul],
        [52, 0x6000_0000ul, 0ul, 0xFEE0_0000ul],
    ];

    [Theory]
    [MemberData(nameof(Machines))]
    public void Every_address_is_itself_but_for_the_hosts_memory(int bits, ulong region, ulong extra, ulong apic)
    {
        using SimulatedMachine machine = Build(bits, region, extra, apic);
        ulong end = region + machine.RegionSize;
        ulong next = 0;
        foreach (TableWalk.Mapping mapping in TableWalk.Lower(machine.Machine->NestedRoot))
        {
            Assert.Equal(next, mapping.Linear);
            next = mapping.End;
            Assert.True(mapping.User && mapping.Executable);
            if (mapping.Linear < end && mapping.End > region)
            {
                Assert.Equal((machine.Machine->ZeroPage, 0x1000ul, false), (mapping.Physical, mapping.Size, mapping.Writable));
            }
            else
            {
                Assert.Equal((mapping.Linear, true), (mapping.Physical, mapping.Writable));
            }
        }

        Assert.True(next >= 1ul << Math.Min(bits, 47));
    }

    [Fact]
    public void All_48_bits_that_four_levels_can_reach_are_mapped()
    {
        using SimulatedMachine machine = Build(48, 0x6000_0000, 0, 0xFEE0_0000);
        foreach (ulong address in new[] { (1ul << 47) - 0x1000, 1ul << 47, (1ul << 48) - 0x1000 })
        {
            TableWalk.Mapping? mapping = TableWalk.Find(machine.Machine->NestedRoot, address);
            Assert.True(mapping.HasValue, $"0x{address:X} is not mapped");
            Assert.Equal(address, mapping.Value.Physical + (address - (mapping.Value.Linear & ((1ul << 48) - 1))));
        }
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void A_processors_own_path_differs_in_its_apic_page_alone(int bits, ulong region, ulong extra, ulong apic)
    {
        using SimulatedMachine machine = Build(bits, region, extra, apic);
        ulong shared = machine.Machine->NestedRoot;
        ulong own = machine.Vmcb->NestedCr3;
        Assert.NotEqual(shared, own);
        foreach (TableWalk.Mapping mapping in TableWalk.Lower(own))
        {
            TableWalk.Mapping? found = TableWalk.Find(shared, mapping.Linear);
            Assert.True(found.HasValue && found.Value.Size >= mapping.Size);
            TableWalk.Mapping expected = found.Value;
            if (mapping.Linear == apic)
            {
                Assert.Equal(new TableWalk.Mapping(apic, 0x1000, apic, Writable: false, Executable: true, User: true), mapping);
            }
            else
            {
                Assert.Equal(expected.Physical + (mapping.Linear - expected.Linear), mapping.Physical);
                Assert.Equal((expected.Writable, expected.Executable, expected.User), (mapping.Writable, mapping.Executable, mapping.User));
            }
        }

        Assert.Equal(Covered(shared), Covered(own));
        Assert.Equal(NestedTables.Full, Rights(shared, apic));
    }

    [Fact]
    public void The_page_of_zeros_is_zero()
    {
        using SimulatedMachine machine = Build(40, 0x6000_0000, 0, 0xFEE0_0000);
        Assert.True(new ReadOnlySpan<byte>((void*)machine.Machine->ZeroPage, 0x1000).IndexOfAnyExcept((byte)0) < 0);
    }

    [Fact]
    public void Arming_one_processor_does_not_arm_another()
    {
        using SimulatedMachine machine = Build(40, 0x6000_0000, 0, 0xFEE0_0000);
        machine.TakeOver(1);
        Core.Guest.Startup.ApicTrap.Set(machine[1], armed: false);
        Assert.Equal(NestedTables.ReadOnly, machine.Nested(0xFEE0_0000).Flags);
        Assert.Equal(NestedTables.Full, machine.Nested(0xFEE0_0000, 1).Flags);
    }

    [Fact]
    public void Large_pages_are_split_only_where_needed()
    {
        using SimulatedMachine machine = Build(40, 0x6000_0000, 0, 0xFEE0_0000);
        List<TableWalk.Mapping> mappings = [.. TableWalk.Lower(machine.Vmcb->NestedCr3)];
        Assert.All(mappings.Where(mapping => mapping.Size != Gibibyte), mapping =>
            Assert.True(mapping.Linear >> 30 == 0x6000_0000 >> 30 || mapping.Linear >> 30 == 0xFEE0_0000ul >> 30));
        Assert.All(mappings.Where(mapping => mapping.Size == 0x1000), mapping =>
            Assert.True(mapping.Linear >> 21 == 0xFEE0_0000ul >> 21
                || (mapping.Linear >= 0x6000_0000 && mapping.Linear < PageSizes.RoundUp(0x6000_0000 + machine.RegionSize, 1 << 21))));
    }

    [Theory]
    [InlineData(36, 1u)]
    [InlineData(39, 1u)]
    [InlineData(40, 2u)]
    [InlineData(43, 16u)]
    [InlineData(46, 128u)]
    [InlineData(47, 256u)]
    public void A_table_of_gibibytes_serves_39_bits(int bits, uint expected)
    {
        Assert.Equal(expected, NestedTables.RootEntries(bits));
    }

    private static SimulatedMachine Build(int bits, ulong region, ulong extra, ulong apic) =>
        new(new MachineOptions { AddressBits = bits, RegionBase = region, ExtraSize = extra, ApicPage = apic });

    private static PageFlags Rights(ulong root, ulong address) => PageTables.Find(root, address, out _)->Flags & ~PageFlags.LargePage;

    private static ulong Covered(ulong root) => TableWalk.Lower(root).Aggregate(0ul, (sum, mapping) => sum + mapping.Size);
}
