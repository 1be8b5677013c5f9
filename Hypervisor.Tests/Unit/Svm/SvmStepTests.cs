using System;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Memory;
using Hypervisor.Core.Svm;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Svm;

/// <summary>One instruction executed natively with a door open: what the guest sees of the trap flag and DR6.</summary>
public sealed unsafe class SvmStepTests : IDisposable
{
    private const ulong Trap = 1 << 8;
    private const ulong SingleStep = 1 << 14;
    private const ulong Debug = (1ul << 31) | (3ul << 8) | 1;

    private readonly SimulatedMachine _machine = new();

    public SvmStepTests()
    {
        GuestCode.Write(_machine, [0x89, 0x0B]);
    }

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData(false, 0ul, false)]
    [InlineData(true, 0ul, true)]
    [InlineData(false, 4ul, true)]
    [InlineData(true, 9ul, true)]
    public void The_guest_gets_the_debug_exceptions_it_asked_for(bool traced, ulong breakpoints, bool expected)
    {
        _machine.Vmcb->RFlags = traced ? 0x302ul : 0x202;
        Open();
        Assert.Equal(0x102ul, _machine.Vmcb->RFlags);
        End(breakpoints);
        Assert.Equal(expected ? Debug : 0, _machine.Vmcb->EventInjection);
        Assert.Equal(traced ? 0x302ul : 0x202, _machine.Vmcb->RFlags);
        Assert.Equal(0xFFFF_0FF0 | breakpoints | (traced ? SingleStep : 0), _machine.Vmcb->Dr6);
        Assert.Equal(0u, _machine.Vmcb->InterceptExceptions & 2);
        Assert.Equal(1u, _machine.Data->Exits.Read(ExitCause.Step));
    }

    [Fact]
    public void A_trap_the_guest_has_not_yet_cleared_stays_in_dr6()
    {
        _machine.Vmcb->Dr6 = 0xFFFF_0FF0 | SingleStep;
        Open();
        End(0);
        Assert.Equal(0xFFFF_0FF0 | SingleStep, _machine.Vmcb->Dr6);
        Assert.Equal(0ul, _machine.Vmcb->EventInjection);
    }

    [Theory]
    [InlineData(13, true)]
    [InlineData(14, true)]
    [InlineData(12, true)]
    [InlineData(6, false)]
    [InlineData(17, true)]
    public void A_fault_of_the_instruction_is_the_guests_and_shuts_the_door(byte vector, bool hasErrorCode)
    {
        uint intercepts = _machine.Vmcb->InterceptExceptions;
        _machine.Vmcb->Cr2 = 0x99;
        Open();
        _machine.Exit((SvmExitCode)(0x40 + vector), 6, 0x1234_5000);
        GuestEvent expected = hasErrorCode ? GuestEvent.Exception(vector, 6) : GuestEvent.Exception(vector);
        Assert.Equal(expected.Value, _machine.Vmcb->EventInjection);
        Assert.Equal(vector == 14 ? 0x1234_5000ul : 0x99, _machine.Vmcb->Cr2);
        Assert.Equal(0x202ul, _machine.Vmcb->RFlags);
        Assert.Equal(intercepts, _machine.Vmcb->InterceptExceptions);
        Assert.Equal(SimulatedMachine.GuestRip, _machine.Vmcb->Rip);
        Assert.Equal(_machine.Machine->ZeroPage, _machine.Nested(_machine.Options.RegionBase + 0x5000).Address);
    }

    [Theory]
    [InlineData(0x8000_0441ul)] // INT 41h
    [InlineData(0x8000_0020ul)] // an interrupt
    [InlineData(0x8000_0B0Dul)] // an exception
    public void A_delivery_pushes_the_guests_flags_and_the_handler_keeps_its_own(ulong delivered)
    {
        uint intercepts = _machine.Vmcb->InterceptExceptions;
        _machine.Vmcb->RFlags = 0x302;
        _machine.Vmcb->ExitInterruptInfo = delivered;
        Open();
        Assert.Equal(0x302ul, _machine.Vmcb->RFlags);
        Assert.Equal(intercepts, _machine.Vmcb->InterceptExceptions);
        Assert.Equal(_machine.Machine->ScratchPage, _machine.Nested(_machine.Options.RegionBase + 0x5000).Address);
        _machine.Vmcb->ExitInterruptInfo = 0;
        _machine.Vmcb->RFlags = 2; // in the handler
        _machine.Exit(SvmExitCode.Invd);
        Assert.Equal(2ul, _machine.Vmcb->RFlags);
        Assert.Equal(0ul, _machine.Vmcb->EventInjection);
        Assert.Equal(_machine.Machine->ZeroPage, _machine.Nested(_machine.Options.RegionBase + 0x5000).Address);
    }

    [Fact]
    public void Flags_that_the_instruction_loads_itself_stay()
    {
        Open();
        _machine.Vmcb->RFlags = 0x46; // POPF
        End(0);
        Assert.Equal(0x46ul, _machine.Vmcb->RFlags);
        Assert.Equal(0ul, _machine.Vmcb->EventInjection);
    }

    [Fact]
    public void No_door_opens_for_a_frame_on_the_local_apic_page()
    {
        // Behind it the handler could send INIT, and nothing would stop it.
        _machine.Vmcb->ExitInterruptInfo = 0x8000_0441;
        _machine.Exit(SvmExitCode.NestedPageFault, 7, SimulatedProcessor.ApicPage + 0x400);
        Assert.False(_machine.Data->Step.Active);
        Assert.Equal(NestedTables.ReadOnly, _machine.Nested(SimulatedProcessor.ApicPage).Flags);
        Assert.Equal(GuestEvent.Exception(13, 0).Value, _machine.Vmcb->EventInjection);
    }

    [Fact]
    public void No_interrupt_comes_between()
    {
        Open();
        Assert.Equal(1ul, _machine.Vmcb->InterruptShadow & 1);
    }

    [Fact]
    public void Two_faults_of_one_instruction_remember_the_first_trap_flag()
    {
        Open();
        Open(0x1000);
        End(0);
        Assert.Equal(0x202ul, _machine.Vmcb->RFlags);
        Assert.Equal(0ul, _machine.Vmcb->EventInjection);
    }

    [Fact]
    public void A_port_access_left_to_the_guest_passes_once_with_all_ports_open()
    {
        GuestDoors.OpenPorts<SvmGuest>(_machine.Data);
        Assert.Equal(_machine.Machine->OpenIoPermissionMap, _machine.Vmcb->IoPermissionMap);
        Assert.Equal(SimulatedMachine.GuestRip, _machine.Vmcb->Rip);
        Assert.Equal(0x102ul, _machine.Vmcb->RFlags);
        End(0);
        Assert.Equal(_machine.Machine->IoPermissionMap, _machine.Vmcb->IoPermissionMap);
        Assert.Equal(0x202ul, _machine.Vmcb->RFlags);
    }

    [Fact]
    public void The_trap_on_the_apic_page_follows_an_arming_during_the_step()
    {
        GuestCode.Write(_machine, [0x87, 0x0B]);
        _machine.Exit(SvmExitCode.NestedPageFault, 7, SimulatedProcessor.ApicPage + 0x80);
        Assert.Equal(NestedTables.Full, _machine.Nested(SimulatedProcessor.ApicPage).Flags);
        _machine.Data->Startup.Kick = 1;
        _machine.Machine->ApicTrapGeneration++;
        _machine.Bootstrap.NmiPending = true;
        _machine.Exit(SvmExitCode.Nmi);
        Assert.Equal(NestedTables.ReadOnly, _machine.Nested(SimulatedProcessor.ApicPage).Flags);
        Assert.Equal(SvmTlbControl.FlushAll, _machine.Vmcb->TlbControl);
    }

    private void Open(ulong offset = 0) => _machine.Exit(SvmExitCode.NestedPageFault, 7, _machine.Options.RegionBase + 0x5000 + offset);

    private void End(ulong breakpoints)
    {
        _machine.Vmcb->Dr6 |= SingleStep | breakpoints;
        _machine.Exit(SvmExitCode.ExceptionDb);
    }
}
