using System;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;
using Hypervisor.Core.Svm;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Svm;

public sealed unsafe class SvmStartupTests : IDisposable
{
    private readonly SimulatedMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData(0x00)]
    [InlineData(0x9A)]
    [InlineData(0xFF)]
    public void Behind_sipi_the_control_block_holds_the_state_of_the_manuals(byte vector)
    {
        // Intel SDM vol 3 table 9-1, column INIT; AMD APM vol 2 table 14-1. Everything is dirty before.
        _machine.TakeOver(1);
        Vmcb* vmcb = _machine.VmcbOf(1);
        Dirty(vmcb);
        Restart(vector);

        Segment(vmcb->Cs, (ushort)(vector << 8), 0x9B, (ulong)vector << 12);
        foreach (VmcbSegment segment in new[] { vmcb->Ss, vmcb->Ds, vmcb->Es, vmcb->Fs, vmcb->Gs })
        {
            Segment(segment, 0, 0x93, 0);
        }

        Segment(vmcb->Ldtr, 0, 0x82, 0);
        Segment(vmcb->Tr, 0, 0x8B, 0);
        Assert.Equal((0xFFFFu, 0ul), (vmcb->Gdtr.Limit, vmcb->Gdtr.Base));
        Assert.Equal((0xFFFFu, 0ul), (vmcb->Idtr.Limit, vmcb->Idtr.Base));
        Assert.Equal(0x6000_0010ul, vmcb->Cr0); // ET; CD and NW as they were
        Assert.Equal((0ul, 0ul, 0ul), (vmcb->Cr2, vmcb->Cr3, vmcb->Cr4));
        Assert.Equal(0x1000ul, vmcb->Efer); // SVME, for VMRUN
        Assert.Equal((0xFFFF_0FF0ul, 0x400ul), (vmcb->Dr6, vmcb->Dr7));
        Assert.Equal((2ul, 0ul, 0ul, 0ul), (vmcb->RFlags, vmcb->Rip, vmcb->Rsp, vmcb->Rax));
        Assert.Equal(0, vmcb->Cpl);
        Assert.Equal((0ul, 0ul, 0ul), (vmcb->InterruptShadow, vmcb->EventInjection, vmcb->ExitInterruptInfo));
        Assert.Equal(0u, vmcb->CleanBits);
        Assert.Equal(SvmTlbControl.FlushAll, vmcb->TlbControl);
        Assert.Equal(0x1234_5678_9ABC_DEF0ul, vmcb->GuestPat); // PAT is kept
        Assert.NotEqual(0, _machine.Processors[1].DebugAddressClears);
    }

    [Fact]
    public void Cd_and_nw_stay_clear_where_they_were()
    {
        _machine.TakeOver(1);
        _machine.VmcbOf(1)->Cr0 = 0x8005_0033;
        Restart(0x10);
        Assert.Equal(0x10ul, _machine.VmcbOf(1)->Cr0);
    }

    [Fact]
    public void General_registers_are_zero_but_for_the_signature_in_rdx()
    {
        _machine.TakeOver(1);
        new Span<byte>(&_machine[1]->Registers, sizeof(GuestRegisters)).Fill(0xCC);
        Restart(0x10);
        GuestRegisters expected = new() { Rdx = CpuidTable.Tcg().Get(1, 0).Eax };
        GuestRegisters actual = _machine[1]->Registers;
        Assert.True(new ReadOnlySpan<byte>(&expected, sizeof(GuestRegisters)).SequenceEqual(new ReadOnlySpan<byte>(&actual, sizeof(GuestRegisters))));
    }

    [Fact]
    public void Doors_intercepts_and_traces_do_not_survive_init()
    {
        _machine.TakeOver(1);
        Vmcb* vmcb = _machine.VmcbOf(1);
        SvmIntercepts1 before = vmcb->Intercepts1;
        uint exceptions = vmcb->InterceptExceptions;
        ulong page = _machine.Options.RegionBase + 0x3000;
        _machine.Exit(SvmExitCode.NestedPageFault, 7, page, 1);
        _machine.Exit(SvmExitCode.Io, (0x70ul << 16) | (1 << 4) | (1 << 2), 1, 1);
        _machine.Processors[1].NmiPending = true;
        _machine.Exit(SvmExitCode.Nmi, index: 1);
        Assert.NotEqual(before, vmcb->Intercepts1);
        Restart(0x10);
        Assert.Equal(before, vmcb->Intercepts1);
        Assert.Equal(exceptions, vmcb->InterceptExceptions);
        Assert.Equal(_machine.Machine->IoPermissionMap, vmcb->IoPermissionMap);
        Assert.Equal(_machine.Machine->ZeroPage, _machine.Nested(page, 1).Address);
        Assert.False(_machine[1]->Step.Active);
    }

    [Fact]
    public void Msrs_that_init_clears_are_cleared()
    {
        // DEBUGCTL and IA32_XSS are 0 behind INIT (InitState; SDM vol 3 table 9-1). Without LBR virtualisation the VMCB does not hold DEBUGCTL.
        _machine.TakeOver(1);
        _machine.Processors[1].Msrs[Msr.DebugControl] = 3;
        _machine.Processors[1].Msrs[Msr.ExtendedSupervisorState] = 0x1800;
        Restart(0x10);
        Assert.Equal(0ul, _machine.Processors[1].Msrs[Msr.DebugControl]);
        Assert.Equal(0ul, _machine.Processors[1].Msrs[Msr.ExtendedSupervisorState]);
    }

    [Fact]
    public void The_local_apic_is_reset_but_for_its_id()
    {
        // Intel SDM vol 3 §10.4.7.3, AMD APM vol 2 §16.3: the INIT is swallowed, so the host has to do what it would have done.
        _machine.TakeOver(1);
        SimulatedLocalApic apic = _machine.Processors[1].Apic;
        apic[SimulatedLocalApic.SpuriousVector] = 0x1FF;
        apic[SimulatedLocalApic.LogicalDestination] = 0x0200_0000;
        apic[SimulatedLocalApic.TaskPriority] = 0xE0;
        apic[SimulatedLocalApic.TimerEntry] = 0x2_00EC;
        apic[SimulatedLocalApic.TimerInitialCount] = 0x1000;
        apic[SimulatedLocalApic.LastEntry] = 0xFE;
        Restart(0x10);
        Assert.Equal(0u, apic[SimulatedLocalApic.SpuriousVector] & 0x100);
        Assert.Equal(0u, apic[SimulatedLocalApic.TaskPriority]);
        Assert.Equal(0u, apic[SimulatedLocalApic.LogicalDestination]);
        Assert.Equal(0xFFFF_FFFFu, apic[SimulatedLocalApic.DestinationFormat]);
        Assert.NotEqual(0u, apic[SimulatedLocalApic.TimerEntry] & 0x1_0000);
        Assert.NotEqual(0u, apic[SimulatedLocalApic.LastEntry] & 0x1_0000);
        Assert.Equal(0u, apic[SimulatedLocalApic.TimerInitialCount]);
        Assert.Equal(SimulatedMachine.ApicId(1), apic[SimulatedLocalApic.Id] >> 24);
        Assert.Equal(0u, _machine[1]->ApicWindow.LogicalDestination);
    }

    [Fact]
    public void A_processor_that_arrives_gets_its_controls_before_it_says_so()
    {
        _machine.Processors[1].Paused = _ => { };
        _machine.TakeOver(1, 0x33);
        Vmcb* vmcb = _machine.VmcbOf(1);
        Assert.Equal(1u, _machine[1]->Startup.TakenOver);
        Assert.Equal(_machine.Vmcb->Intercepts2, vmcb->Intercepts2);
        Assert.Equal(1u, vmcb->Asid);
        Assert.Equal(1ul, vmcb->NestedControl);
        Assert.Equal(PatMsr.AfterReset, vmcb->GuestPat);
        Assert.Equal(0x1000ul, _machine.Processors[1].Msrs[Msr.Efer] & 0x1000);
        Assert.Equal((ulong)_machine[1] - ProcessorBlock.Data + ProcessorBlock.HostSave, _machine.Processors[1].Msrs[Msr.HostSavePhysicalAddress]);
        Assert.Equal(NestedTables.ReadOnly, _machine.Nested(SimulatedProcessor.ApicPage, 1).Flags);
        Assert.Equal(0x3300, vmcb->Cs.Selector);
    }

    [Fact]
    public void Every_needed_intercept_is_on()
    {
        // R-72; MSR, I/O, VMRUN and so on. NMI for kicks; #GP for instructions of SVM in user mode.
        uint expected1 = (1u << 1) | (1u << 18) | (1u << 22) | (1u << 26) | (1u << 27) | (1u << 28) | (1u << 31);
        Assert.Equal(expected1, (uint)_machine.Vmcb->Intercepts1);
        Assert.Equal(0x7Fu, (uint)_machine.Vmcb->Intercepts2);
        Assert.Equal(1u << 13, _machine.Vmcb->InterceptExceptions);
    }

    [Fact]
    public void Init_for_the_bootstrap_processor_resets_the_machine()
    {
        _machine.Data->Startup.Request = StartupRequest.Sipi(1).Value;
        _machine.Data->Startup.Kick = 1;
        _machine.Bootstrap.NmiPending = true;
        _machine.Exit(SvmExitCode.Nmi);
        Assert.Contains(((ushort)0xCF9, 1, 6u), _machine.Bootstrap.Outputs);
    }

    [Fact]
    public void A_redirected_init_arms_the_trap_and_waits_for_sipi()
    {
        using SimulatedMachine machine = new(new MachineOptions { HasRedirectInit = true, RegionBase = 0x6000_0000 });
        Assert.True(machine.Machine->HasRedirectInit);
        Assert.Equal(2ul, machine.Bootstrap.Msrs[Msr.VmCr] & 2);
        Assert.NotEqual(0u, machine.Vmcb->InterceptExceptions & (1u << 30));
        machine.TakeOver(1);
        Assert.Equal(2ul, machine.Processors[1].Msrs[Msr.VmCr] & 2);
        machine.Machine->ApicTrapWanted = 0;
        machine.Processors[1].Paused = _ =>
        {
            machine.Data->ApicWindow.Generation = machine.Machine->ApicTrapGeneration; // processor 0 follows
            if (machine[1]->Startup.Request == StartupRequest.Init.Value)
            {
                machine[1]->Startup.Request = StartupRequest.Sipi(0x55).Value;
            }
        };
        machine.Exit(SvmExitCode.ExceptionSx, 1, index: 1);
        Assert.Equal(1u, machine.Machine->ApicTrapWanted);
        Assert.Equal(0x5500, machine.VmcbOf(1)->Cs.Selector);
        Assert.Equal(0ul, machine.VmcbOf(1)->EventInjection);
        Assert.Equal(1u, machine[1]->Exits.Read(ExitCause.Init));
    }

    [Fact]
    public void Another_security_exception_is_the_guests()
    {
        _machine.Exit(SvmExitCode.ExceptionSx, 5);
        Assert.Equal(GuestEvent.Exception(30, 5).Value, _machine.Vmcb->EventInjection);
    }

    [Fact]
    public void Redirection_of_init_is_tried_and_put_back()
    {
        Assert.False(_machine.Machine->HasRedirectInit);
        Assert.Equal(0ul, _machine.Bootstrap.Msrs[Msr.VmCr]);
        _machine.Bootstrap.HasRedirectInit = true;
        _machine.Bootstrap.Msrs[Msr.VmCr] = 8;
        Instructions.Processor = _machine.Bootstrap;
        Assert.True(SvmProcessor.ProbeRedirectInit());
        Assert.Equal(8ul, _machine.Bootstrap.Msrs[Msr.VmCr]);
    }

    private static void Segment(VmcbSegment segment, ushort selector, ushort attributes, ulong address) =>
        Assert.Equal((selector, attributes, 0xFFFFu, address), (segment.Selector, segment.Attributes, segment.Limit, segment.Base));

    private static void Dirty(Vmcb* vmcb)
    {
        new Span<byte>((byte*)vmcb + 0x400, 0x300).Fill(0xCC);
        vmcb->Cr0 = 0xE005_0033;
        vmcb->GuestPat = 0x1234_5678_9ABC_DEF0;
        vmcb->InterruptShadow = 1;
        vmcb->Cs.Attributes = 0xA9B;
    }

    private void Restart(byte vector)
    {
        _machine[1]->Startup.Request = StartupRequest.Sipi(vector).Value;
        _machine[1]->Startup.Kick = 1;
        _machine.Processors[1].NmiPending = true;
        _machine.Exit(SvmExitCode.Nmi, index: 1);
    }
}
