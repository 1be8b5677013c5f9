using System;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Memory;
using Hypervisor.Core.Svm;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Guest.Startup;

public sealed unsafe class ApicTrapTests : IDisposable
{
    private const uint Init = 0x4500;
    private const uint Startup = 0x4600;

    private readonly SimulatedMachine _machine = new(new MachineOptions { Processors = 3 });

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void It_is_armed_from_the_beginning()
    {
        Assert.True(IsArmed(_machine, 0));
        _machine.TakeOver(1);
        Assert.True(IsArmed(_machine, 1));
        Assert.False(ApicTrap.ShouldDrop(_machine.Data));
    }

    [Fact]
    public void It_is_never_armed_where_there_is_one_processor()
    {
        using SimulatedMachine machine = new(new MachineOptions { Processors = 1, RegionBase = 0x6000_0000 });
        Assert.False(IsArmed(machine, 0));
        Assert.Equal(NestedTables.Full, machine.Nested(SimulatedProcessor.ApicPage).Flags & ~PageFlags.LargePage);
    }

    [Fact]
    public void It_stays_while_the_firmware_starts_processors()
    {
        StartAll();
        Assert.False(ApicTrap.ShouldDrop(_machine.Data));
    }

    [Fact]
    public void It_goes_when_the_operating_system_has_started_the_last_processor()
    {
        ExitBootServices();
        Start(1);
        Assert.False(ApicTrap.ShouldDrop(_machine.Data));
        Start(2);
        Assert.True(ApicTrap.ShouldDrop(_machine.Data));
        WriteApic(0);
        Assert.False(IsArmed(_machine, 0));
        Assert.True(IsArmed(_machine, 1)); // each processor for itself
        WriteApic(1);
        Assert.False(IsArmed(_machine, 1));
    }

    [Fact]
    public void It_goes_too_when_the_last_processor_is_slow_to_see_its_sipi()
    {
        // The target may consume the SIPI long after the sender has looked. No CMOS write comes to the rescue here.
        ExitBootServices();
        _machine.TakeOver(1);
        _machine.TakeOver(2);
        foreach (int index in new[] { 1, 2 })
        {
            Send(Init, index);
            Send(Startup | 0x10, index);
        }

        foreach (int index in new[] { 1, 2 })
        {
            _machine.Processors[index].NmiPending = true;
            _machine.Exit(SvmExitCode.Nmi, index: index);
        }

        bool dropped = false;
        for (uint i = 0; i <= ApicTrap.WritesUntilDropped && !dropped; i++)
        {
            dropped = ApicTrap.ShouldDrop(_machine.Data);
        }

        Assert.True(dropped);
    }

    [Fact]
    public void It_stays_where_the_configuration_keeps_it()
    {
        using SimulatedMachine machine = new(new MachineOptions { Host = new HostOptions { KeepApicTrap = true }, RegionBase = 0x6000_0000 });
        machine.Machine->ApicTrapWanted = 0;
        Assert.False(ApicTrap.ShouldDrop(machine.Data));
    }

    [Fact]
    public void It_stays_while_a_processor_waits_for_sipi()
    {
        ExitBootServices();
        StartAll();
        Arm();
        Send(Init, 1);
        for (uint i = 0; i < 2 * ApicTrap.WritesUntilDropped; i++)
        {
            Assert.False(ApicTrap.ShouldDrop(_machine.Data));
        }
    }

    [Fact]
    public void A_false_alarm_lasts_for_a_thousand_writes()
    {
        ExitBootServices();
        StartAll();
        Arm();
        for (uint i = 1; i < ApicTrap.WritesUntilDropped; i++)
        {
            Assert.False(ApicTrap.ShouldDrop(_machine.Data));
        }

        Assert.True(ApicTrap.ShouldDrop(_machine.Data));
    }

    [Fact]
    public void Choosing_the_shutdown_code_arms_it_everywhere_before_the_guest_goes_on()
    {
        ExitBootServices();
        StartAll();
        DropEverywhere();
        bool followed = false;
        _machine.Bootstrap.Paused = _ => Follow(1, 2);
        _machine.Bootstrap.Apic.Commands.Clear();
        _machine.Vmcb->Rax = 0x0F;
        _machine.Exit(SvmExitCode.Io, (0x70ul << 16) | (1 << 4), _machine.Vmcb->Rip + 2);
        _machine.Vmcb->Rax = 0x0A;
        _machine.Exit(SvmExitCode.Io, (0x71ul << 16) | (1 << 4), _machine.Vmcb->Rip + 2);
        followed = IsArmed(_machine, 1) && IsArmed(_machine, 2);
        Assert.True(followed && IsArmed(_machine, 0));
        Assert.Equal(
            [ApicCommand.Nmi(SimulatedMachine.ApicId(1)), ApicCommand.Nmi(SimulatedMachine.ApicId(2))],
            _machine.Bootstrap.Apic.Commands);
        Assert.Equal(SvmTlbControl.FlushAll, _machine.Vmcb->TlbControl);
        Assert.Equal(SvmTlbControl.FlushAll, _machine.VmcbOf(1)->TlbControl);
    }

    [Fact]
    public void Processors_that_do_not_run_the_guest_are_not_waited_for()
    {
        _machine.TakeOver(1);
        _machine[1]->Startup.Request = StartupRequest.Init.Value;
        _machine.Machine->ApicTrapWanted = 0;
        Arm();
        Assert.Empty(_machine.Bootstrap.Apic.Commands);
        Assert.Equal(0, _machine.Bootstrap.Pauses);
    }

    [Fact]
    public void A_processor_that_comes_back_from_init_follows()
    {
        _machine.TakeOver(1);
        _machine.Machine->ApicTrapWanted = 0;
        ApicTrap.Set(_machine[1], armed: false);
        _machine[1]->Startup.Request = StartupRequest.Init.Value;
        Arm();
        _machine[1]->Startup.Request = StartupRequest.Sipi(1).Value;
        _machine[1]->Startup.Kick = 1;
        _machine.Processors[1].NmiPending = true;
        _machine.Exit(SvmExitCode.Nmi, index: 1);
        Assert.True(IsArmed(_machine, 1));
        Assert.False(ApicTrap.IsBehind(_machine[1]));
    }

    [Fact]
    public void Arming_returns_only_when_it_is_armed_also_for_the_second_who_asks()
    {
        // Another processor has just begun to arm it, and its kick has not arrived here yet.
        _machine.TakeOver(1);
        _machine.Machine->ApicTrapWanted = 0;
        ApicTrap.Set(_machine[0], armed: false);
        ApicTrap.Set(_machine[1], armed: false);
        _machine.Machine->ApicTrapWanted = 1;
        _machine.Machine->ApicTrapGeneration++;
        _machine.Bootstrap.Paused = _ => Follow(1);
        Arm();
        Assert.True(IsArmed(_machine, 0));
        Assert.True(IsArmed(_machine, 1));
    }

    [Fact]
    public void The_entry_alone_decides()
    {
        ApicTrap.Set(_machine.Data, armed: false);
        Assert.Equal((SimulatedProcessor.ApicPage, NestedTables.Full), (_machine.Nested(SimulatedProcessor.ApicPage).Address, _machine.Nested(SimulatedProcessor.ApicPage).Flags));
        ApicTrap.Set(_machine.Data, armed: true);
        Assert.Equal((SimulatedProcessor.ApicPage, NestedTables.ReadOnly), (_machine.Nested(SimulatedProcessor.ApicPage).Address, _machine.Nested(SimulatedProcessor.ApicPage).Flags));
        Assert.True(_machine.Data->ApicWindow.FlushNeeded);
    }

    private static bool IsArmed(SimulatedMachine machine, int index) =>
        machine[index]->ApicWindow.Armed && machine.Nested(SimulatedProcessor.ApicPage, index).Flags == NestedTables.ReadOnly;

    private void ExitBootServices()
    {
        Notify(HypercallFunction.ExitBootServices);
        Notify(HypercallFunction.VirtualAddressChange);
        Assert.Equal((1u, 1u), (_machine.Machine->BootServicesExited, _machine.Machine->OperatingSystemRuns));
    }

    private void Notify(HypercallFunction function)
    {
        _machine.Vmcb->Rip = SimulatedMachine.DriverBase + 8;
        _machine.Vmcb->Rax = HypercallProtocol.Signature;
        _machine.Data->Registers.Rcx = (ulong)function;
        _machine.Exit(SvmExitCode.VmmCall);
    }

    private void Send(uint low, int index)
    {
        Instructions.Processor = _machine.Bootstrap;
        ProcessorStartup.Send(_machine.Data, InterruptCommand.FromXApic(low, SimulatedMachine.ApicId(index) << 24));
    }

    /// <summary>The whole start of a processor the host does not have yet; it sees its SIPI at once.</summary>
    private void Start(int index)
    {
        Send(Init, index);
        _machine.Bootstrap.Apic.Sent = _ =>
        {
            Instructions.Processor = _machine.Processors[index];
            SvmStartup.Arrive(_machine[index]);
            Instructions.Processor = _machine.Bootstrap;
        };
        Send(Startup | 0x10, index);
        _machine.Bootstrap.Apic.Sent = null;
    }

    private void StartAll()
    {
        Start(1);
        Start(2);
    }

    private void Arm()
    {
        Instructions.Processor = _machine.Bootstrap;
        ApicTrap.ArmEverywhere(_machine.Data, startFollows: true);
    }

    private void DropEverywhere()
    {
        for (int i = 0; i < 3; i++)
        {
            WriteApic(i);
            Assert.False(IsArmed(_machine, i));
        }
    }

    private void WriteApic(int index)
    {
        GuestCode.Write(_machine, [0x89, 0x0B], index);
        _machine.Exit(SvmExitCode.NestedPageFault, 7, SimulatedProcessor.ApicPage + 0x80, index);
    }

    /// <summary>Other processors take their kicks.</summary>
    private void Follow(params int[] processors)
    {
        foreach (int index in processors)
        {
            if (_machine[index]->Startup.Kick != 0 || ApicTrap.IsBehind(_machine[index]))
            {
                _machine[index]->Startup.Kick = 1;
                _machine.Processors[index].NmiPending = true;
                _machine.Exit(SvmExitCode.Nmi, index: index);
            }
        }

        Instructions.Processor = _machine.Bootstrap;
    }
}
