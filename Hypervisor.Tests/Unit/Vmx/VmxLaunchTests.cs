using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Host;
using Hypervisor.Core.Vmx;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Vmx;

/// <summary>The running machine becomes the guest, or stays what it was.</summary>
public sealed unsafe class VmxLaunchTests : IDisposable
{
    private const ulong VmxEnable = 1 << 13;
    private const ulong Unlocked = 0;
    private const ulong LockedWithVmx = 5;

    private IntelMachine? _machine;

    public void Dispose() => _machine?.Dispose();

    [Theory]
    [MemberData(nameof(ProcessorDump.UsableNames), MemberType = typeof(ProcessorDump))]
    public void Every_processor_that_can_be_used_enters_its_guest(string name)
    {
        IntelMachine machine = Launch(intel: name);
        Assert.Equal("", machine.Problem);
        Assert.Equal((SimulatedMachine.GuestRip, SimulatedMachine.GuestRsp), machine.Bootstrap.Launched);
        Assert.True(machine.Bootstrap.IsVmxOn);
        Assert.Equal(machine.Data->GuestControl, machine.Bootstrap.CurrentVmcs);
        Assert.Equal((1u, 0u), (machine.Data->Startup.TakenOver, machine[1]->Startup.TakenOver));
        Assert.Equal("", machine.Violation());
        machine.Start(1);
        Assert.Equal("", machine.Violation(1));
    }

    [Fact]
    public void The_guest_goes_on_with_the_registers_the_processor_has()
    {
        IntelMachine machine = Launch(processor =>
        {
            processor.Cr3 = 0x12_3000;
            processor.Dr7 = 0x455;
            processor.Flags = 0x246;
            processor.Msrs[Msr.FsBase] = 0x1111_0000;
            processor.Msrs[Msr.GsBase] = 0x2222_0000;
            processor.Msrs[Msr.SysEnterCs] = 0x10;
            processor.Msrs[Msr.SysEnterEsp] = 0x3333_0000;
            processor.Msrs[Msr.Pat] = 0x0007_0106_0007_0406;
        });
        Assert.Equal("", machine.Problem);
        Assert.Equal((IntelFirmware.CodeSelector, 0xA09Bu), (machine.Get(VmcsField16.GuestCsSelector), machine.Get(VmcsField32.GuestCsAccessRights)));
        Assert.Equal((IntelFirmware.DataSelector, 0xC093u), (machine.Get(VmcsField16.GuestSsSelector), machine.Get(VmcsField32.GuestSsAccessRights)));
        Assert.Equal(uint.MaxValue, machine.Get(VmcsField32.GuestCsLimit));
        Assert.Equal((0x1111_0000ul, 0x2222_0000ul), (machine.Get(VmcsFieldNatural.GuestFsBase), machine.Get(VmcsFieldNatural.GuestGsBase)));
        Assert.Equal((0u, 0x8Bu), (machine.Get(VmcsField16.GuestTrSelector), machine.Get(VmcsField32.GuestTrAccessRights))); // firmware has no task state
        Assert.Equal(VmxAccessRights.Null, machine.Get(VmcsField32.GuestLdtrAccessRights));
        Assert.Equal((machine.Bootstrap.Gdtr.Base, (uint)machine.Bootstrap.Gdtr.Limit), (machine.Get(VmcsFieldNatural.GuestGdtrBase), machine.Get(VmcsField32.GuestGdtrLimit)));
        Assert.Equal((machine.Bootstrap.Idtr.Base, (uint)machine.Bootstrap.Idtr.Limit), (machine.Get(VmcsFieldNatural.GuestIdtrBase), machine.Get(VmcsField32.GuestIdtrLimit)));
        Assert.Equal((0x8005_0033ul, 0x8005_0033ul), (machine.Get(VmcsFieldNatural.GuestCr0), machine.Get(VmcsFieldNatural.Cr0Shadow)));
        Assert.Equal(0x12_3000ul, machine.Get(VmcsFieldNatural.GuestCr3));
        Assert.Equal((IntelFirmware.Cr4 | VmxEnable, IntelFirmware.Cr4), (machine.Get(VmcsFieldNatural.GuestCr4), machine.Get(VmcsFieldNatural.Cr4Shadow)));
        Assert.Equal((0x246ul, 0x455ul), (machine.Flags, machine.Get(VmcsFieldNatural.GuestDr7)));
        Assert.Equal((0xD01ul, 0x0007_0106_0007_0406ul), (machine.Get(VmcsField64.GuestEfer), machine.Get(VmcsField64.GuestPat)));
        Assert.Equal((0x10u, 0x3333_0000ul), (machine.Get(VmcsField32.GuestSysEnterCs), machine.Get(VmcsFieldNatural.GuestSysEnterEsp)));
        Assert.Equal((VmxInterruptibility.None, VmxPendingDebug.None), (machine.Blocking, machine.PendingDebug));
        Assert.NotEmpty(machine.Bootstrap.EptInvalidations);
    }

    [Fact]
    public void The_host_keeps_the_firmwares_pat_where_its_first_entry_serves()
    {
        Assert.Equal(0x0007_0106_0007_0406ul, Launch(processor => processor.Msrs[Msr.Pat] = 0x0007_0106_0007_0406).Get(VmcsField64.HostPat));
        _machine!.Dispose();
        Assert.Equal(PatMsr.AfterReset, Launch(processor => processor.Msrs[Msr.Pat] = 0x0007_0406_0007_0400).Get(VmcsField64.HostPat));
    }

    [Fact]
    public void The_extension_is_locked_on_where_the_firmware_left_it_open()
    {
        IntelMachine machine = Launch(processor => processor.Msrs[Msr.FeatureControl] = Unlocked);
        Assert.Equal("", machine.Problem);
        Assert.Equal(LockedWithVmx, machine.Bootstrap.Msrs[Msr.FeatureControl]);
        machine.Start(1); // every processor has its own
        Assert.Equal(LockedWithVmx, machine.Processors[1].Msrs[Msr.FeatureControl]);
    }

    [Fact]
    public void A_processor_that_refuses_vmxon_stays_as_it_was()
    {
        IntelMachine machine = Launch(processor => processor.RefusesVmxOn = true);
        Assert.Equal("the processor refuses VMXON", machine.Problem);
        AssertUnchanged(machine);
    }

    [Theory]
    [InlineData(Msr.Pat, 0x0000_0000_0000_0002ul)]
    [InlineData(Msr.FsBase, 0x8000_0000_0000_0000ul)]
    [InlineData(Msr.SysEnterEip, 0x0000_8000_0000_0000ul)]
    public void A_state_that_cannot_be_entered_is_named_instead(uint msr, ulong value)
    {
        IntelMachine machine = Launch(processor => processor.Msrs[msr] = value);
        Assert.NotEqual("", machine.Problem);
        AssertUnchanged(machine);
    }

    [Fact]
    public void A_vmlaunch_that_fails_says_why()
    {
        IntelMachine machine = Launch(processor => processor.LaunchError = VmxInstructionError.EntryHostState);
        Assert.Equal("VM entry: a host-state field is invalid", machine.Problem);
        AssertUnchanged(machine);
    }

    [Fact]
    public void Too_little_memory_is_said_before_anything_is_changed()
    {
        using NativeRegion region = new(0x6000_0000, 0x100_0000);
        using IntelMachine machine = new();
        ulong needed = machine.RegionSize;
        SimulatedProcessor processor = machine.Bootstrap;
        ulong cr4 = processor.Cr4;
        processor.Apic[SimulatedLocalApic.Id] = 0;
        Instructions.Processor = processor;
        byte* memory = stackalloc byte[sizeof(BootParameters)];
        BootParameters* parameters = (BootParameters*)memory;
        *parameters = default;
        parameters->RegionBase = region.Base;
        parameters->ImageSize = machine.Options.ImageSize;
        parameters->ProcessorCount = 1;
        for (ulong size = 0x2_0000 + machine.Options.ImageSize; size < needed; size += 0x10_0000)
        {
            parameters->RegionSize = size & ~0xFFFFul;
            try
            {
                Assert.Contains("does not suffice", System.Text.Encoding.UTF8.GetString(Virtualization.Launch(parameters)), StringComparison.Ordinal);
                Assert.Equal(cr4, processor.Cr4);
            }
            catch (GuestEnteredException)
            {
                return; // it was enough: sizes are rounded up
            }
        }
    }

    private IntelMachine Launch(Action<SimulatedProcessor>? configure = null, string intel = IntelMachine.Skylake) =>
        _machine = new IntelMachine(new MachineOptions { Intel = ProcessorDump.Of(intel), Configure = configure });

    private static void AssertUnchanged(IntelMachine machine)
    {
        Assert.Null(machine.Bootstrap.Launched);
        Assert.False(machine.Bootstrap.IsVmxOn);
        Assert.Equal(IntelFirmware.Cr4, machine.Bootstrap.Cr4);
    }
}
