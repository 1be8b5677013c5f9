using System;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Svm;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Svm;

public sealed unsafe class SvmNmiTests : IDisposable
{
    private const ulong Nmi = (1ul << 31) | (2ul << 8) | 2;
    private const ulong Debug = (1ul << 31) | (3ul << 8) | 1;
    private const ulong Trap = 1 << 8;
    private const ulong SingleStep = 1 << 14;

    private readonly SimulatedMachine _machine = new();

    public SvmNmiTests()
    {
        _machine.TakeOver(1);
        GuestCode.Write(_machine, [0x48, 0xCF]);
    }

    private bool InterceptsIret => (_machine.Vmcb->Intercepts1 & SvmIntercepts1.Iret) != 0;

    private bool Steps => (_machine.Vmcb->RFlags & Trap) != 0 && (_machine.Vmcb->InterceptExceptions & 2) != 0;

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void An_nmi_is_delivered_at_once()
    {
        Arrive();
        Assert.Equal(Nmi, _machine.Vmcb->EventInjection);
        Assert.True(InterceptsIret);
        Assert.Equal(SimulatedMachine.GuestRip, _machine.Vmcb->Rip);
    }

    [Fact]
    public void Nmis_are_taken_off_the_processor()
    {
        Arrive();
        Assert.Equal(1, _machine.Bootstrap.Windows);
        Assert.False(_machine.Bootstrap.NmiPending);
    }

    [Fact]
    public void A_second_nmi_waits_for_iret()
    {
        Arrive();
        Arrive();
        Assert.Equal(0ul, _machine.Vmcb->EventInjection);
        ReachIret();
        Assert.Equal(0ul, _machine.Vmcb->EventInjection);
        Assert.True(Steps);
        CompleteIret();
        Assert.Equal(Nmi, _machine.Vmcb->EventInjection);
        Assert.True(InterceptsIret);
        Assert.False(Steps);
    }

    [Fact]
    public void Only_one_nmi_is_latched()
    {
        Arrive();
        Arrive();
        Arrive();
        Arrive();
        ReachIret();
        CompleteIret();
        Assert.Equal(Nmi, _machine.Vmcb->EventInjection);
        ReachIret();
        Assert.False(Steps);
        Assert.Equal(0ul, _machine.Vmcb->EventInjection);
    }

    [Fact]
    public void An_nmi_between_iret_and_its_end_waits_one_instruction()
    {
        Arrive();
        ReachIret();
        Assert.False(InterceptsIret);
        Arrive();
        Assert.Equal(0ul, _machine.Vmcb->EventInjection);
        Assert.True(Steps);
        CompleteIret();
        Assert.Equal(Nmi, _machine.Vmcb->EventInjection);
    }

    [Fact]
    public void An_nmi_behind_iret_is_delivered_at_once()
    {
        Arrive();
        ReachIret();
        _machine.Vmcb->Rip = 0x9999;
        Arrive();
        Assert.Equal(Nmi, _machine.Vmcb->EventInjection);
        Assert.True(InterceptsIret);
    }

    [Fact]
    public void The_flags_that_iret_restored_are_not_touched()
    {
        Arrive();
        Arrive();
        ReachIret();
        CompleteIret(flags: 0x0000_0A97);
        Assert.Equal(0x0000_0A97ul, _machine.Vmcb->RFlags);
        Assert.Equal(0u, _machine.Vmcb->InterceptExceptions & 2);
    }

    [Fact]
    public void A_kick_is_not_the_guests()
    {
        ProcessorStartup.Kick(_machine[0]);
        Assert.Equal(ApicCommand.Nmi(SimulatedMachine.ApicId(0)), Assert.Single(_machine.Bootstrap.Apic.Commands));
        Arrive();
        Assert.Equal(0ul, _machine.Vmcb->EventInjection);
        Assert.False(InterceptsIret);
        Assert.Equal(0u, _machine.Data->Startup.Kick);
    }

    [Fact]
    public void Only_one_kick_is_on_its_way_at_a_time()
    {
        ProcessorStartup.Kick(_machine[0]);
        ProcessorStartup.Kick(_machine[0]);
        Assert.Single(_machine.Bootstrap.Apic.Commands);
        Arrive();
        ProcessorStartup.Kick(_machine[0]);
        Assert.Equal(2, _machine.Bootstrap.Apic.Commands.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_guests_nmi_is_delivered_whether_it_comes_before_or_behind_a_kick(bool kickFirst)
    {
        // The flag is set before the kick is sent: whichever arrives first counts as the kick, the other one is the guest's.
        int delivered = 0;
        _machine.Data->Startup.Kick = 1;
        for (int i = 0; i < 2; i++)
        {
            Arrive();
            delivered += _machine.Vmcb->EventInjection == Nmi ? 1 : 0;
            Assert.True(i == 1 || kickFirst || _machine.Data->Startup.Kick == 0);
        }

        Assert.Equal(1, delivered);
    }

    [Fact]
    public void A_kick_and_the_guests_nmi_in_one_exit_are_both_counted()
    {
        _machine.Data->Startup.Kick = 1;
        _machine.Bootstrap.Window = () => _machine.Data->NmiCount++; // the second one comes while the first is taken
        Arrive();
        Assert.Equal(Nmi, _machine.Vmcb->EventInjection);
    }

    [Fact]
    public void A_kick_behind_which_init_waits_resets_the_machine_on_the_bootstrap_processor()
    {
        _machine.Data->Startup.Request = StartupRequest.Sipi(0x12).Value;
        _machine.Data->Startup.Kick = 1;
        Arrive();
        Assert.Contains(((ushort)0xCF9, 1, 6u), _machine.Bootstrap.Outputs);
    }

    [Fact]
    public void A_latched_nmi_survives_an_iret_that_the_guest_single_steps()
    {
        // The trap of the IRET comes first, then the NMI (Intel SDM vol 3 table 6-2): something must bring the host back for it.
        Arrive();
        _machine.Vmcb->RFlags |= Trap;
        Arrive();
        ReachIret();
        CompleteIret(flags: 0x302);
        AssertNmiIsNotLost(Debug);
    }

    [Fact]
    public void A_latched_nmi_survives_a_breakpoint_on_what_iret_touches()
    {
        Arrive();
        Arrive();
        ReachIret();
        _machine.Vmcb->Dr6 |= 1;
        CompleteIret();
        AssertNmiIsNotLost(Debug);
    }

    [Theory]
    [InlineData(SvmExitCode.ExceptionGp)]
    [InlineData((SvmExitCode)0x4B)]
    [InlineData((SvmExitCode)0x4E)]
    public void A_latched_nmi_survives_an_iret_that_faults(SvmExitCode fault)
    {
        Arrive();
        Arrive();
        ReachIret();
        Assert.True(Steps);
        _machine.Exit(fault, 0x10);
        AssertNmiIsNotLost(GuestEvent.Exception((byte)(fault - SvmExitCode.Exception0), 0x10).Value);
    }

    [Fact]
    public void A_kick_during_the_last_step_does_not_lose_the_latched_nmi()
    {
        Arrive();
        Arrive();
        ReachIret();
        _machine.Data->Startup.Kick = 1;
        Arrive();
        AssertNmiIsNotLost(0);
    }

    [Fact]
    public void Init_forgets_nmis()
    {
        SimulatedProcessor processor = _machine.Processors[1];
        Arrive(1);
        Arrive(1);
        _machine[1]->Startup.Request = StartupRequest.Sipi(0x20).Value;
        _machine[1]->Startup.Kick = 1;
        processor.NmiPending = true;
        Arrive(1);
        Assert.Equal(0ul, _machine.VmcbOf(1)->EventInjection);
        Assert.False(_machine[1]->Nmi.Pending || _machine[1]->Nmi.InService);
        Assert.Equal(SvmIntercepts1.None, _machine.VmcbOf(1)->Intercepts1 & SvmIntercepts1.Iret);
        Arrive(1);
        Assert.Equal(Nmi, _machine.VmcbOf(1)->EventInjection);
    }

    [Fact]
    public void An_init_redirected_to_the_host_while_it_takes_an_nmi_is_acted_upon()
    {
        // #SX comes in the window, as Host.HostFault takes note of it; nothing else will tell.
        SimulatedProcessor processor = _machine.Processors[1];
        processor.Window = () =>
        {
            processor.Window = null;
            _machine[1]->Startup.Request = StartupRequest.Init.Value;
        };
        processor.Paused = _ => _machine[1]->Startup.Request = StartupRequest.Sipi(0x44).Value;
        Arrive(1);
        Assert.Equal(0x4400, _machine.VmcbOf(1)->Cs.Selector);
        Assert.Equal(0u, _machine[1]->Startup.Request);
    }

    private void Arrive(int index = 0)
    {
        _machine.Processors[index].NmiPending = true;
        _machine.Exit(SvmExitCode.Nmi, index: index);
    }

    private void ReachIret() => _machine.Exit(SvmExitCode.Iret);

    private void CompleteIret(ulong flags = 0x202)
    {
        Assert.True(Steps);
        _machine.Vmcb->RFlags = flags;
        _machine.Vmcb->Rip = 0x5555;
        _machine.Vmcb->Dr6 |= SingleStep;
        _machine.Exit(SvmExitCode.ExceptionDb);
    }

    private void AssertNmiIsNotLost(ulong first)
    {
        if (_machine.Vmcb->EventInjection == Nmi)
        {
            return;
        }

        Assert.Equal(first, _machine.Vmcb->EventInjection);
        bool virtualInterruptWindow = ((uint)_machine.Vmcb->Intercepts1 & (1u << 4)) != 0;
        bool reminder = _machine.Bootstrap.NmiPending || _machine.Bootstrap.Apic.Commands.Exists(command => command.IsNmi);
        Assert.True(Steps || virtualInterruptWindow || reminder || InterceptsIret, "an NMI is pending and nothing brings the host back");
    }
}
