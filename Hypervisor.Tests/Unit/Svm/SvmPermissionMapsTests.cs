using System;
using System.Collections.Generic;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Svm;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Svm;

public sealed unsafe class SvmPermissionMapsTests
{
    [Fact]
    public void Exactly_the_msrs_with_a_policy_exit()
    {
        Dictionary<uint, (bool Read, bool Write)> policy = new()
        {
            [0x1B] = (false, true),
            [0x830] = (false, true),
            [0xC000_0080] = (true, true),
            [0xC001_0114] = (true, true),
            [0xC001_0116] = (false, true),
            [0xC001_0117] = (true, true),
            [0xC001_0118] = (true, true),
        };
        using SimulatedMachine machine = new();
        byte[] map = new ReadOnlySpan<byte>((void*)machine.Machine->MsrPermissionMap, 0x2000).ToArray();

        // APM vol 2 table 15-8 and §15.11: 2 KiB for each range of 2000h MSRs, two bits an MSR, the lower one for reads.
        foreach (uint range in new[] { 0u, 0xC000_0000, 0xC001_0000 })
        {
            int first = range == 0 ? 0 : range == 0xC000_0000 ? 0x800 : 0x1000;
            for (uint index = 0; index < 0x2000; index++)
            {
                int bits = (map[first + (int)(index / 4)] >> ((int)(index % 4) * 2)) & 3;
                (bool read, bool write) = policy.GetValueOrDefault(range + index);
                Assert.Equal((read ? 1 : 0) | (write ? 2 : 0), bits);
                Assert.Equal(read, SvmPermissionMaps.Exits(machine.Machine->MsrPermissionMap, range + index, write: false));
                Assert.Equal(write, SvmPermissionMaps.Exits(machine.Machine->MsrPermissionMap, range + index, write: true));
            }
        }

        Assert.All(map[0x1800..], value => Assert.Equal(0, value));
    }

    [Fact]
    public void Msrs_outside_the_ranges_always_exit()
    {
        using SimulatedMachine machine = new();
        foreach (uint msr in new[] { 0x2000u, 0x4000_0000u, 0xBFFF_FFFF, 0xC000_2000, 0xC000_FFFF, 0xC001_2000, 0xFFFF_FFFF })
        {
            Assert.True(SvmPermissionMaps.Exits(machine.Machine->MsrPermissionMap, msr, write: false));
            Assert.True(SvmPermissionMaps.Exits(machine.Machine->MsrPermissionMap, msr, write: true));
        }
    }

    [Fact]
    public void The_two_cmos_ports_are_the_only_ones_that_exit()
    {
        using SimulatedMachine machine = new();
        AssertPorts(machine, 0x70, 0x71);
    }

    [Fact]
    public void No_port_exits_where_nothing_can_be_started()
    {
        using SimulatedMachine machine = new(new MachineOptions { Processors = 1 });
        AssertPorts(machine);
    }

    [Fact]
    public void No_port_exits_where_the_trap_is_kept()
    {
        using SimulatedMachine machine = new(new MachineOptions { Host = new HostOptions { KeepApicTrap = true } });
        AssertPorts(machine);
    }

    [Fact]
    public void Maps_are_aligned_and_do_not_overlap()
    {
        using SimulatedMachine machine = new();
        ulong[] starts = [machine.Machine->MsrPermissionMap, machine.Machine->IoPermissionMap, machine.Machine->OpenIoPermissionMap];
        Assert.All(starts, start => Assert.Equal(0ul, start & 0xFFF));
        Assert.True(starts[0] + 0x2000 <= starts[1] && starts[1] + 0x3000 <= starts[2]);
        Assert.Equal(machine.Machine->IoPermissionMap, machine.Vmcb->IoPermissionMap);
        Assert.Equal(machine.Machine->MsrPermissionMap, machine.Vmcb->MsrPermissionMap);
    }

    private static void AssertPorts(SimulatedMachine machine, params int[] trapped)
    {
        byte* map = (byte*)machine.Machine->IoPermissionMap;
        byte* open = (byte*)machine.Machine->OpenIoPermissionMap;
        for (int port = 0; port < 0x3000 * 8; port++)
        {
            Assert.Equal(Array.IndexOf(trapped, port) >= 0 ? 1 : 0, (map[port / 8] >> (port % 8)) & 1);
            Assert.Equal(0, open[port / 8]);
        }
    }
}
