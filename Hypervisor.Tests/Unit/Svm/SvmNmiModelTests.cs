using System;
using System.Collections.Generic;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Svm;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Svm;

/// <summary>
/// Random sequences of kicks, NMIs, exceptions and IRETs: the guest must see the NMIs that a processor without host would deliver, each before the same
/// instruction.
/// </summary>
public sealed unsafe class SvmNmiModelTests : IDisposable
{
    private const ulong Trap = 1 << 8;
    private const ulong SingleStep = 1 << 14;
    private const ulong NmiHandler = 0x9_0000;
    private const ulong ExceptionHandler = 0x8_0000;

    private readonly SimulatedMachine _machine = new();
    private readonly Stack<(ulong Rip, ulong Flags)> _frames = new();

    // The reference: one NMI in service, one latched (AMD APM vol 2 §8.2.3).
    private bool _inService;
    private bool _latched;
    private int _expected;
    private int _delivered;
    private int _spurious;
    private ulong _nextIret = 0xA_0000;

    private enum Step
    {
        Instruction,
        GuestNmi,
        Kick,
        KickAndNmi,
        Exception,
        Iret,
        IretWithNmiBetween,
        IretWithKickBetween,
        OtherExit,
    }

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Nmis_reach_the_guest_as_hardware_would_deliver_them()
    {
        Step[] steps = Enum.GetValues<Step>();
        for (int round = 0; round < Fuzz.Rounds(400); round++)
        {
            Random random = new(round);
            List<Step> trace = [];
            Begin();
            for (int i = 0; i < 200; i++)
            {
                Step step = steps[random.Next(steps.Length)];
                trace.Add(step);
                Execute(step);
                Assert.True(
                    _expected == _delivered && _spurious == 0,
                    $"seed {round}: {_expected} NMIs due, {_delivered} delivered, after {string.Join(", ", trace)}");
            }
        }
    }

    private void Begin()
    {
        GuestCode.EnterLongMode(_machine);
        _frames.Clear();
        _machine.Data->Nmi = new() { Seen = _machine.Data->NmiCount };
        _machine.Data->Step = default;
        _machine.Vmcb->Intercepts1 &= ~SvmIntercepts1.Iret;
        _machine.Vmcb->InterceptExceptions &= ~2u;
        _machine.Vmcb->EventInjection = 0;
        (_inService, _latched, _expected, _delivered) = (false, false, 0, 0);
    }

    private void Execute(Step step)
    {
        switch (step)
        {
            case Step.Instruction:
                _machine.Vmcb->Rip += 16;
                EndInstruction(traced: (_machine.Vmcb->RFlags & Trap) != 0);
                break;
            case Step.GuestNmi:
                GuestNmi();
                break;
            case Step.Kick:
                Kick();
                break;
            case Step.KickAndNmi:
                _machine.Data->Startup.Kick = 1;
                ReferenceNmi();
                PhysicalNmi();
                PhysicalNmi();
                break;
            case Step.Exception:
                _frames.Push((_machine.Vmcb->Rip, _machine.Vmcb->RFlags));
                _machine.Vmcb->Rip = ExceptionHandler;
                _machine.Vmcb->RFlags &= ~Trap;
                break;
            case Step.OtherExit:
                _machine.Exit(SvmExitCode.VmSave);
                _machine.Vmcb->EventInjection = 0; // #UD, whose handler skips the instruction
                _machine.Vmcb->Rip += 3;
                break;
            default:
                Iret(step);
                break;
        }
    }

    private void Iret(Step step)
    {
        if (_frames.Count == 0)
        {
            return;
        }

        _machine.Vmcb->Rip = _nextIret += 0x1_0000; // each at an address of its own: at a shared one an NMI may come one instruction late
        if ((_machine.Vmcb->Intercepts1 & SvmIntercepts1.Iret) != 0)
        {
            _machine.Exit(SvmExitCode.Iret);
            Enter();
        }

        ulong iret = _machine.Vmcb->Rip;
        if (step == Step.IretWithNmiBetween)
        {
            GuestNmi();
        }
        else if (step == Step.IretWithKickBetween)
        {
            Kick();
        }

        if (_machine.Vmcb->Rip != iret)
        {
            return; // a handler has begun in front of it; its IRET comes another time
        }

        bool traced = (_machine.Vmcb->RFlags & Trap) != 0;
        (_machine.Vmcb->Rip, _machine.Vmcb->RFlags) = _frames.Pop();
        _inService = false;
        if (_latched)
        {
            _latched = false;
            _inService = true;
            _expected++;
        }

        EndInstruction(traced);
    }

    private void EndInstruction(bool traced)
    {
        if (traced)
        {
            Assert.NotEqual(0u, _machine.Vmcb->InterceptExceptions & 2); // the guest itself traces nothing here
            _machine.Vmcb->Dr6 |= SingleStep;
            _machine.Exit(SvmExitCode.ExceptionDb);
            Enter();
        }
    }

    private void GuestNmi()
    {
        ReferenceNmi();
        PhysicalNmi();
    }

    private void ReferenceNmi()
    {
        if (_inService)
        {
            _latched = true;
        }
        else
        {
            _inService = true;
            _expected++;
        }
    }

    private void Kick()
    {
        _machine.Data->Startup.Kick = 1;
        PhysicalNmi();
    }

    private void PhysicalNmi()
    {
        _machine.Bootstrap.NmiPending = true;
        _machine.Exit(SvmExitCode.Nmi);
        Enter();
    }

    /// <summary>VMRUN: delivers what is to be injected.</summary>
    private void Enter()
    {
        GuestEvent injected = new(_machine.Vmcb->EventInjection);
        _machine.Vmcb->EventInjection = 0;
        if (injected.IsNmi)
        {
            _delivered++;
            _frames.Push((_machine.Vmcb->Rip, _machine.Vmcb->RFlags));
            _machine.Vmcb->Rip = NmiHandler;
            _machine.Vmcb->RFlags &= ~Trap;
        }
        else if (injected.IsValid)
        {
            _spurious++;
        }
    }
}
