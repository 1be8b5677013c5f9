using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Vmx;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Vmx;

/// <summary>Non-maskable interrupts, the guest's and kicks .</summary>
public sealed unsafe class VmxNmiTests : IDisposable
{
    private const uint Nmi = 0x8000_0202;
    private const uint PageFault = 0x8000_0B0E;
    private const uint Full = 7;
    private const uint ReadOnly = 5;

    private readonly IntelMachine _machine = new();

    public VmxNmiTests()
    {
        _machine.Start(1);
        IntelGuestCode.EnterLongMode(_machine);
    }

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void An_nmi_is_delivered_at_once()
    {
        _machine.ExitByNmi();
        Assert.Equal(Nmi, _machine.Injected);
        Assert.False(_machine.WaitsForNmiWindow);
        Assert.Equal(SimulatedMachine.GuestRip, _machine.Rip);
        Assert.Equal(1u, _machine.Data->Exits.Read(ExitCause.Nmi));
    }

    [Theory]
    [InlineData(VmxInterruptibility.BlockingBySti)]
    [InlineData(VmxInterruptibility.BlockingByMovSs)]
    [InlineData(VmxInterruptibility.BlockingByNmi)]
    public void A_blocked_nmi_waits_for_the_window(VmxInterruptibility blocking)
    {
        _machine.Blocking = blocking;
        _machine.ExitByNmi();
        Assert.Equal(0u, _machine.Injected);
        Assert.True(_machine.WaitsForNmiWindow);
        OpenWindow();
        Assert.Equal(Nmi, _machine.Injected);
        Assert.False(_machine.WaitsForNmiWindow);
    }

    [Fact]
    public void An_nmi_waits_behind_an_event_that_is_delivered_again()
    {
        _machine.Interrupted = (PageFault, 2);
        _machine.ExitByNmi();
        Assert.Equal(PageFault, _machine.Injected);
        Assert.True(_machine.WaitsForNmiWindow);
        OpenWindow();
        Assert.Equal(Nmi, _machine.Injected);
    }

    [Fact]
    public void One_nmi_is_in_service_and_one_is_latched()
    {
        _machine.ExitByNmi();
        _machine.Blocking = VmxInterruptibility.BlockingByNmi; // the guest is in its handler
        for (int i = 0; i < 3; i++)
        {
            _machine.ExitByNmi();
            Assert.Equal(0u, _machine.Injected);
        }

        Assert.Equal(1u, _machine.Data->Nmi.Waiting);
        OpenWindow();
        Assert.Equal(Nmi, _machine.Injected);
        Assert.False(_machine.WaitsForNmiWindow);
        Assert.Equal(0u, _machine.Data->Nmi.Waiting);
    }

    [Fact]
    public void Of_nmis_that_come_together_one_is_delivered_and_one_latched()
    {
        _machine.Data->NmiCount += 3;
        _machine.ExitByNmi();
        Assert.Equal(Nmi, _machine.Injected);
        Assert.True(_machine.WaitsForNmiWindow);
        Assert.Equal(1u, _machine.Data->Nmi.Waiting);
        OpenWindow();
        Assert.Equal(Nmi, _machine.Injected);
        Assert.False(_machine.WaitsForNmiWindow);
    }

    [Fact]
    public void Nmis_that_the_hosts_handler_counted_are_delivered_before_the_entry()
    {
        _machine.Data->NmiCount++;
        _machine.Exit(VmxExitReason.Cpuid);
        Assert.Equal(Nmi, _machine.Injected);
        Assert.Equal(SimulatedMachine.GuestRip + IntelMachine.InstructionLength, _machine.Rip);
        Assert.Equal(_machine.Data->NmiCount, _machine.Data->Nmi.Seen);
    }

    [Fact]
    public void An_nmi_in_the_host_waits_behind_a_fault_of_the_guest()
    {
        _machine.Data->NmiCount++;
        _machine.Exit(VmxExitReason.Vmxon);
        Assert.Equal(0x8000_0306u, _machine.Injected);
        Assert.True(_machine.WaitsForNmiWindow);
    }

    [Fact]
    public void The_count_of_nmis_may_wrap()
    {
        _machine.Data->Nmi.Seen = uint.MaxValue;
        _machine.Data->NmiCount = 0;
        _machine.Enter();
        Assert.Equal(Nmi, _machine.Injected);
        Assert.Equal(0u, _machine.Data->Nmi.Seen);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_kick_is_not_the_guests(bool inHost)
    {
        _machine.Data->Startup.Kick = 1;
        Arrive(inHost);
        Assert.Equal(0u, _machine.Injected);
        Assert.False(_machine.WaitsForNmiWindow);
        Assert.Equal((0u, 0u), (_machine.Data->Startup.Kick, _machine.Data->Nmi.Waiting));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_kick_behind_which_the_trap_was_armed_is_followed(bool inHost)
    {
        ApicTrap.Set(_machine.Data, armed: false);
        Assert.Equal(Full, _machine.Ept(SimulatedProcessor.ApicPage).Rights);
        _machine.Machine->ApicTrapGeneration++;
        _machine.Bootstrap.EptInvalidations.Clear();
        _machine.Data->Startup.Kick = 1;
        Arrive(inHost);
        Assert.Equal(ReadOnly, _machine.Ept(SimulatedProcessor.ApicPage).Rights);
        Assert.NotEmpty(_machine.Bootstrap.EptInvalidations);
        Assert.False(_machine.Data->ApicWindow.FlushNeeded);
    }

    [Fact]
    public void A_kick_and_the_guests_nmi_are_both_counted()
    {
        _machine.Data->Startup.Kick = 1;
        _machine.Data->NmiCount++;
        _machine.ExitByNmi();
        Assert.Equal(Nmi, _machine.Injected);
        Assert.Equal(0u, _machine.Data->Nmi.Waiting);
    }

    [Fact]
    public void A_kick_does_not_disturb_an_nmi_in_service_nor_the_latched_one()
    {
        _machine.Blocking = VmxInterruptibility.BlockingByNmi;
        _machine.ExitByNmi();
        _machine.Data->Startup.Kick = 1;
        _machine.ExitByNmi();
        Assert.Equal((0u, 1u), (_machine.Injected, _machine.Data->Nmi.Waiting));
        Assert.True(_machine.WaitsForNmiWindow);
        Assert.Equal(VmxInterruptibility.BlockingByNmi, _machine.Blocking);
    }

    [Fact]
    public void Only_one_kick_is_on_its_way_at_a_time()
    {
        ProcessorStartup.Kick(_machine[1]);
        ProcessorStartup.Kick(_machine[1]);
        Assert.Equal(ApicCommand.Nmi(SimulatedMachine.ApicId(1)), Assert.Single(_machine.Bootstrap.Apic.Commands));
        _machine.ExitByNmi(1);
        Assert.Equal(0u, _machine.InjectedBy(1));
        Instructions.Processor = _machine.Bootstrap;
        ProcessorStartup.Kick(_machine[1]);
        Assert.Equal(2, _machine.Bootstrap.Apic.Commands.Count);
    }

    [Fact]
    public void An_nmi_during_a_step_shuts_the_door_first()
    {
        ulong page = _machine.Options.RegionBase + 0x5000;
        _machine.ExitByMemory(page);
        Assert.Equal(_machine.Machine->ScratchPage, _machine.Ept(page).Physical);
        _machine.ExitByNmi();
        Assert.Equal(Nmi, _machine.Injected);
        Assert.Equal(_machine.Machine->ZeroPage, _machine.Ept(page).Physical);
        Assert.Equal(0x202ul, _machine.Flags);
        Assert.Equal(0u, _machine.Get(VmcsField32.ExceptionBitmap));
    }

    private void OpenWindow()
    {
        _machine.Blocking = VmxInterruptibility.None;
        _machine.Exit(VmxExitReason.NmiWindow);
    }

    private void Arrive(bool inHost)
    {
        if (inHost)
        {
            _machine.Data->NmiCount++;
            _machine.Exit(VmxExitReason.Cpuid);
        }
        else
        {
            _machine.ExitByNmi();
        }
    }
}
