using System;
using Hypervisor.Core.Vmx;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Vmx;

/// <summary>Whatever a guest does, the VMCS can be entered behind it: each exit of the model ends in the processor's own checks.</summary>
public sealed unsafe class VmxRandomExitsTests : IDisposable
{
    private const ulong Interrupts = 1 << 9;
    private const ulong Trap = 1 << 8;
    private const ulong Resume = 1 << 16;
    private const ulong BranchSingleStep = 1 << 1;
    private const ulong SingleStep = 1 << 14;
    private const uint Debug = 0x8000_0301;
    private const uint ExternalInterrupt = 0x8000_0031;
    private const uint Nmi = 0x8000_0202;

    private static readonly uint[] s_events = [ExternalInterrupt, Nmi, 0x8000_0306, 0x8000_0B0D, 0x8000_0B0E, Debug, 0x8000_0480, 0x8000_0501, 0x8000_0603];
    private static readonly uint[] s_faults = [0x8000_0306, 0x8000_0B0D, 0x8000_0B0E, 0x8000_0B0C, 0x8000_0B11, 0x8000_0603];

    /// <summary>Without triple faults, INIT and SIPI, which end what the processor does, and what means a defect.</summary>
    private static readonly VmxExitReason[] s_reasons =
    [
        VmxExitReason.ExternalInterrupt, VmxExitReason.TaskSwitch, VmxExitReason.Cpuid, VmxExitReason.Getsec, VmxExitReason.Invd, VmxExitReason.Vmcall,
        VmxExitReason.Vmxon, VmxExitReason.Io, VmxExitReason.Rdmsr, VmxExitReason.Wrmsr, VmxExitReason.Xsetbv, VmxExitReason.Wbinvd, VmxExitReason.Hlt,
    ];

    private readonly IntelMachine _machine = new();
    private readonly Random _random = new(1);

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Every_exit_leaves_a_state_that_can_be_entered()
    {
        for (int round = 0; round < Fuzz.Rounds(20_000); round++)
        {
            if (!_machine.Data->Step.Active)
            {
                Choose();
            }

            Leave();
            Assert.Equal(0, _machine.Bootstrap.Halts);
        }
    }

    private bool Coin => _random.Next(2) == 0;

    /// <summary>A state a processor can be in when an exit comes.</summary>
    private void Choose()
    {
        switch (_random.Next(6))
        {
            case 0:
                IntelGuestCode.EnterCompatibilityMode(_machine);
                break;
            case 1:
                IntelGuestCode.EnterProtectedMode(_machine);
                break;
            case 2:
                IntelGuestCode.Enter16BitMode(_machine);
                break;
            case 3:
                IntelGuestCode.EnterRealMode(_machine, 0x1000);
                break;
            default:
                byte[] code = new byte[15];
                _random.NextBytes(code);
                IntelGuestCode.Write(_machine, Coin ? code : [0x89, 0x0B]);
                break;
        }

        const ulong table = 0x1000;
        _machine.Set(VmcsFieldNatural.GuestGdtrBase, table); // a task switch looks there
        bool stepsBranches = Coin;
        _machine.Flags = 2 | (Coin ? Interrupts : 0) | (Coin ? Trap : 0) | (Coin ? Resume : 0);
        _machine.Set(VmcsField64.GuestDebugControl, stepsBranches ? BranchSingleStep : 0);
        _machine.Blocking = _random.Next(8) switch
        {
            0 when (_machine.Flags & Interrupts) != 0 => VmxInterruptibility.BlockingBySti,
            1 => VmxInterruptibility.BlockingByMovSs,
            2 => VmxInterruptibility.BlockingByNmi,
            3 => VmxInterruptibility.BlockingByMovSs | VmxInterruptibility.BlockingByNmi,
            _ => VmxInterruptibility.None,
        };
        bool noted = InShadow && (_machine.Flags & Trap) != 0 && !stepsBranches;
        _machine.PendingDebug = noted ? VmxPendingDebug.SingleStep : VmxPendingDebug.None;
        _machine.Data->Registers.Rax = (ulong)_random.NextInt64();
        _machine.Data->Registers.Rcx = (ulong)_random.Next(0x500);
        _machine.Data->Registers.Rdx = (ulong)_random.Next(2);
        _machine.Data->Registers.Rbx = (ulong)_random.NextInt64();
    }

    private bool InShadow => (_machine.Blocking & (VmxInterruptibility.BlockingBySti | VmxInterruptibility.BlockingByMovSs)) != 0;

    private void Leave()
    {
        _machine.Data->NmiCount += _random.Next(8) == 0 ? 1u : 0;
        _machine.Data->Startup.Kick = _random.Next(8) == 0 ? 1u : 0;
        switch (_random.Next(6))
        {
            case 0:
                _machine.ExitByNmi();
                break;
            case 1 when _machine.Data->Step.Active && !_machine.Data->Step.ForDelivery:
                _machine.Arrived = (Debug, 0);
                _machine.Exit(VmxExitReason.ExceptionOrNmi, SingleStep);
                break;
            case 2 when _machine.Data->Step.Active && !_machine.Data->Step.ForDelivery:
                _machine.Arrived = (s_faults[_random.Next(s_faults.Length)], 2);
                _machine.Exit(VmxExitReason.ExceptionOrNmi);
                break;
            case 1 or 2 or 3:
                Interrupt();
                _machine.ExitByMemory(Address());
                break;
            case 4 when _machine.WaitsForNmiWindow && !InShadow && (_machine.Blocking & VmxInterruptibility.BlockingByNmi) == 0:
                _machine.Exit(VmxExitReason.NmiWindow);
                break;
            case 4:
                _machine.Exit(VmxExitReason.ControlRegister, (ulong)_random.Next(0x1000));
                break;
            default:
                _machine.Exit(s_reasons[_random.Next(s_reasons.Length)], (ulong)_random.NextInt64());
                break;
        }
    }

    /// <summary>Events are delivered where nothing blocks them; an NMI in delivery blocks itself.</summary>
    private void Interrupt()
    {
        if (InShadow || _machine.Data->Step is { Active: true, ForDelivery: false } || Coin)
        {
            return;
        }

        uint chosen = s_events[_random.Next(s_events.Length)];
        if (chosen == ExternalInterrupt && (_machine.Flags & Interrupts) == 0)
        {
            return;
        }

        if (chosen == Nmi)
        {
            _machine.Blocking |= VmxInterruptibility.BlockingByNmi;
        }

        // Real mode has no error codes.
        const uint errorCodeValid = 1u << 11;
        bool real = (_machine.Get(VmcsFieldNatural.GuestCr0) & 1) == 0;
        _machine.Interrupted = (real ? chosen & ~errorCodeValid : chosen, 4);
    }

    private ulong Address() => _random.Next(3) switch
    {
        0 => SimulatedProcessor.ApicPage + ((ulong)_random.Next(0x40) * 0x10),
        1 => _machine.Options.RegionBase + (ulong)_random.NextInt64((long)_machine.RegionSize),
        _ => (ulong)_random.NextInt64(1L << _machine.Options.AddressBits),
    };
}
