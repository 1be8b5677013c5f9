using System;
using System.Linq;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Vmx;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Vmx;

/// <summary>Which MSRs exit: read as the processor reads the bitmap.</summary>
public sealed unsafe class VmxMsrBitmapTests : IDisposable
{
    private const uint HighFirst = 0xC000_0000;
    private const uint RangeSize = 0x2000;

    // Processor Trace of this processor would write past the extended page tables.
    private static readonly uint[] s_trace = [0x560, 0x561, .. Range(0x570, 0x587)];
    private static readonly uint[] s_hidden = [Msr.FeatureControl, Msr.SmmMonitorControl, .. Range(0x480, 0x493), .. s_trace];
    private static readonly uint[] s_mtrrs = [.. Range(0x200, 0x21F), 0x250, 0x258, 0x259, .. Range(0x268, 0x26F), 0x2FF];
    private static readonly uint[] s_commands = [Msr.ApicBase, Msr.X2ApicInterruptCommand];

    private readonly IntelMachine _machine = new();

    private static uint[] Everything => [.. Range(0, RangeSize - 1), .. Range(HighFirst, HighFirst + RangeSize - 1)];

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Reads_exit_where_vmx_would_show() => Assert.Equal(s_hidden, Exiting(write: false));

    [Fact]
    public void Writes_exit_where_vmx_would_show_and_where_the_host_has_to_know()
    {
        Assert.Equal(((uint[])[.. s_hidden, .. s_mtrrs, .. s_commands, Msr.IntelMicrocodeUpdate]).Order(), Exiting(write: true));
    }

    [Fact]
    public void Processor_trace_is_the_guests_where_it_uses_guest_addresses()
    {
        using IntelMachine machine = new(new MachineOptions { Intel = ProcessorDump.Of("i9-12900K (Alder Lake)"), RegionBase = 0x6000_0000 });
        ulong bitmap = machine.Machine->MsrPermissionMap;
        Assert.All(s_trace, msr => Assert.False(VmxMsrBitmap.Exits(bitmap, msr, write: false) || VmxMsrBitmap.Exits(bitmap, msr, write: true)));
    }

    [Fact]
    public void The_msrs_that_the_vmcs_switches_and_those_of_system_calls_are_the_guests()
    {
        foreach (uint msr in (uint[])[Msr.Efer, Msr.Pat, Msr.DebugControl, Msr.Star, Msr.LStar, Msr.FsBase, Msr.GsBase, Msr.KernelGsBase, Msr.TscAux, Msr.TscDeadline])
        {
            Assert.False(Exits(msr, write: false) || Exits(msr, write: true));
        }
    }

    [Fact]
    public void The_processor_is_told_of_it()
    {
        Assert.Equal(_machine.Machine->MsrPermissionMap, _machine.Get(VmcsField64.MsrBitmap));
        Assert.NotEqual(PrimaryControls.None, (PrimaryControls)_machine.Get(VmcsField32.PrimaryControls) & PrimaryControls.UseMsrBitmaps);
    }

    [Fact]
    public void Interrupt_commands_exit_only_while_the_trap_is_wanted()
    {
        VmxMsrBitmap.TrapInterruptCommands(_machine.Machine->MsrPermissionMap, trap: false);
        Assert.Equal(((uint[])[.. s_hidden, .. s_mtrrs, Msr.IntelMicrocodeUpdate]).Order(), Exiting(write: true));
        VmxMsrBitmap.TrapInterruptCommands(_machine.Machine->MsrPermissionMap, trap: true);
        Assert.All(s_commands, msr => Assert.True(Exits(msr, write: true)));
        Assert.Equal(s_hidden, Exiting(write: false));
    }

    [Fact]
    public void One_processor_alone_needs_no_trap()
    {
        using IntelMachine machine = new(new MachineOptions { Processors = 1, RegionBase = 0x6000_0000 });
        Assert.All(s_commands, msr => Assert.False(VmxMsrBitmap.Exits(machine.Machine->MsrPermissionMap, msr, write: true)));
        Assert.Equal(0u, machine.Machine->ApicTrapWanted);
    }

    [Theory]
    [InlineData(0x2000u)]
    [InlineData(0x4000_0000u)]
    [InlineData(0xC000_2000u)]
    [InlineData(0xFFFF_FFFFu)]
    public void Msrs_in_neither_range_always_exit(uint msr)
    {
        Assert.True(VmxMsrBitmap.Exits(_machine.Machine->MsrPermissionMap, msr, write: false));
        Assert.True(VmxMsrBitmap.Exits(_machine.Machine->MsrPermissionMap, msr, write: true));
    }

    [Fact]
    public void Core_reads_its_bitmap_as_the_processor_does()
    {
        ulong bitmap = _machine.Machine->MsrPermissionMap;
        Assert.All(Everything, msr => Assert.Equal((Exits(msr, false), Exits(msr, true)), (VmxMsrBitmap.Exits(bitmap, msr, false), VmxMsrBitmap.Exits(bitmap, msr, true))));
    }

    private static uint[] Range(uint first, uint last) => [.. Enumerable.Range(0, (int)(last - first + 1)).Select(i => first + (uint)i)];

    private uint[] Exiting(bool write) => [.. Everything.Where(msr => Exits(msr, write))];

    /// <summary>Intel SDM vol 3 §24.6.9: four bitmaps of 1 KiB, reads low and high, writes low and high.</summary>
    private bool Exits(uint msr, bool write)
    {
        const uint kibibyte = 1024;
        uint offset = (write ? 2 * kibibyte : 0) + (msr >= HighFirst ? kibibyte : 0);
        uint bit = msr & (RangeSize - 1);
        return (((byte*)_machine.Machine->MsrPermissionMap)[offset + (bit / 8)] & (1 << (int)(bit % 8))) != 0;
    }
}
