using System;
using System.Collections.Generic;
using System.Linq;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Host;

public sealed unsafe class HostPageTablesTests
{
    private const ulong Upper = 0xFFFF_8000_0000_0000;

    public static IEnumerable<object[]> Machines() =>
    [
        [36, 1, 0x6000_0000ul],
        [40, 1, 0x6000_0000ul],
        [40, 2, 0x6000_0000ul],
        [40, 2, 0x3FFF_0000ul],
        [40, 9, 0x600F_0000ul],
        [43, 2, 0x6000_0000ul],
        [48, 2, 0x6000_0000ul],
        [52, 2, 0x6000_0000ul],
    ];

    [Theory]
    [MemberData(nameof(Machines))]
    public void No_page_is_both_writable_and_executable(int bits, int processors, ulong region)
    {
        using SimulatedMachine machine = Build(bits, processors, region);
        Assert.DoesNotContain(Distinct(machine), mapping => mapping.Writable && mapping.Executable);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Only_the_hosts_code_and_the_borrowed_page_are_executable(int bits, int processors, ulong region)
    {
        using SimulatedMachine machine = Build(bits, processors, region);
        List<ulong> expected = [.. Enumerable.Range(1, 8).Select(page => region + ((ulong)page << 12))];
        if (processors > 1)
        {
            expected.Insert(0, SimulatedMachine.LowPage);
        }

        Assert.Equal(expected, Distinct(machine).Where(mapping => mapping.Executable).Select(mapping => mapping.Linear));
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Guard_pages_and_page_zero_are_absent(int bits, int processors, ulong region)
    {
        using SimulatedMachine machine = Build(bits, processors, region);
        ulong root = machine.Machine->HostCr3;
        Assert.Null(TableWalk.Find(root, 0));
        Assert.NotNull(TableWalk.Find(root, 0x1000));
        for (int i = 0; i < processors; i++)
        {
            ulong block = (ulong)machine[i] - ProcessorBlock.Data;
            for (ulong page = 0; page < ProcessorBlock.Size; page += 0x1000)
            {
                bool guard = page is ProcessorBlock.StackGuard or ProcessorBlock.FaultStackGuard;
                TableWalk.Mapping? mapping = TableWalk.Find(root, block + page);
                Assert.Equal(guard, mapping == null);
                Assert.True(guard || (mapping!.Value.Writable && mapping.Value.Physical + (block + page - mapping.Value.Linear) == block + page));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Lower_half_maps_every_address_to_itself(int bits, int processors, ulong region)
    {
        using SimulatedMachine machine = Build(bits, processors, region);
        ulong missing = 0;
        ulong next = 0;
        foreach (TableWalk.Mapping mapping in TableWalk.Lower(machine.Machine->HostCr3).TakeWhile(mapping => mapping.Linear < 1ul << Math.Min(bits, 39)))
        {
            missing += mapping.Linear - next;
            next = mapping.End;
            Assert.Equal(mapping.Linear, mapping.Physical);
        }

        Assert.True(next >= 1ul << Math.Min(bits, 39));
        Assert.Equal(0x1000ul * (1 + (2 * (ulong)processors)), missing);
        foreach (ulong address in new[] { 1ul << 39, (1ul << 40) - 0x1000, 1ul << 42, 1ul << 46 }.Where(address => address < 1ul << bits))
        {
            TableWalk.Mapping mapping = TableWalk.Find(machine.Machine->HostCr3, address)!.Value;
            Assert.Equal((address, true), (mapping.Physical + (address - mapping.Linear), mapping.Writable));
        }
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void The_window_shows_what_the_guest_sees(int bits, int processors, ulong region)
    {
        using SimulatedMachine machine = Build(bits, processors, region);
        ulong end = region + machine.RegionSize;
        foreach (ulong address in new ulong[] { 0, 0x1000, SimulatedMachine.LowPage, region - 0x1000, region, region + 0x5000, end - 0x1000, end, 1ul << 35, 1ul << 38 }
            .Where(address => address < 1ul << bits))
        {
            TableWalk.Mapping mapping = TableWalk.Find(machine.Machine->HostCr3, Upper + address)!.Value;
            bool own = address >= region && address < end;
            Assert.Equal(own ? machine.Machine->ZeroPage : address, mapping.Physical + ((Upper + address) & (mapping.Size - 1)));
            Assert.Equal((!own, false), (mapping.Writable, mapping.Executable));
        }
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Any_address_a_guests_table_can_name_is_readable_in_the_window(int bits, int processors, ulong region)
    {
        using SimulatedMachine machine = Build(bits, processors, region);
        Random random = new(2);
        for (int i = 0; i < 2_000; i++)
        {
            ulong address = (ulong)random.NextInt64() >> random.Next(16, 50) & GuestView.AddressMask;
            TableWalk.Mapping? mapping = TableWalk.Find(machine.Machine->HostCr3, Upper + address);
            Assert.True(mapping.HasValue && !mapping.Value.Executable);
            if (address >> Math.Max(bits, 39) != 0)
            {
                Assert.Equal((machine.Machine->ZeroPage, false), (mapping.Value.Physical, mapping.Value.Writable));
            }
        }
    }

    [Fact]
    public void Sections_have_the_rights_they_ask_for()
    {
        using SimulatedMachine machine = Build(40, 2, 0x6000_0000);
        for (ulong page = 0; page < 0x20; page++)
        {
            TableWalk.Mapping mapping = TableWalk.Find(machine.Machine->HostCr3, 0x6000_0000 + (page << 12))!.Value;
            bool code = page is >= 1 and < 9;
            bool constant = page is >= 9 and < 12;
            Assert.Equal((!code && !constant, code), (mapping.Writable, mapping.Executable));
        }
    }

    private static SimulatedMachine Build(int bits, int processors, ulong region) =>
        new(new MachineOptions { AddressBits = bits, Processors = processors, RegionBase = region });

    /// <summary>All mappings but the many alike: of the window beyond what exists, which shows one page, only the first.</summary>
    private static List<TableWalk.Mapping> Distinct(SimulatedMachine machine)
    {
        ulong root = machine.Machine->HostCr3;
        List<TableWalk.Mapping> mappings = [.. TableWalk.Lower(root)];
        for (int i = 256; i < 512; i++)
        {
            ulong entry = ((ulong*)root)[i];
            Assert.Equal(1ul, entry >> 63); // NX at the top covers everything below
        }

        return mappings;
    }
}
