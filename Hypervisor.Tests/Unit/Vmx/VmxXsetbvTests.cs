using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Vmx;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Vmx;

/// <summary>XSETBV .</summary>
public sealed unsafe class VmxXsetbvTests : IDisposable
{
    private const uint GeneralProtection = 0x8000_0B0D;

    // Components: x87 1, SSE 2, AVX 4, MPX 18h, AVX-512 E0h, PKRU 200h, AMX 60000h.
    private const ulong Everything = 0x6_02FF;

    private readonly IntelMachine _machine = new();

    public VmxXsetbvTests()
    {
        IntelGuestCode.EnterLongMode(_machine);
        _machine.Machine->SupportedXcr0 = Everything;
    }

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Components_are_asked_of_the_processor_at_launch()
    {
        using IntelMachine machine = new(new MachineOptions { RegionBase = 0x6000_0000 });
        Assert.Equal(0x1Ful, machine.Machine->SupportedXcr0);
    }

    [Theory]
    [InlineData(0x1ul, true)]
    [InlineData(0x3ul, true)]
    [InlineData(0x7ul, true)]
    [InlineData(0x1Ful, true)]
    [InlineData(0xE7ul, true)]
    [InlineData(0x207ul, true)]
    [InlineData(0x6_0007ul, true)]
    [InlineData(Everything, true)]
    [InlineData(0x0ul, false)]
    [InlineData(0x6ul, false)]
    [InlineData(0x5ul, false)]
    [InlineData(0xFul, false)]
    [InlineData(0x17ul, false)]
    [InlineData(0x27ul, false)]
    [InlineData(0x67ul, false)]
    [InlineData(0xC7ul, false)]
    [InlineData(0xE3ul, false)]
    [InlineData(0xE1ul, false)]
    [InlineData(0x2_0007ul, false)]
    [InlineData(0x4_0007ul, false)]
    [InlineData(0x407ul, false)]
    [InlineData(0x8000_0000_0000_0007ul, false)]
    public void A_value_is_loaded_where_the_processor_would_load_it_and_else_faults(ulong value, bool allowed)
    {
        SetOperands(0, value);
        AssertBothWays(allowed, value);
    }

    [Theory]
    [InlineData(1ul, false)]
    [InlineData(0xFFFF_FFFFul, false)]
    [InlineData(0x1_0000_0000ul, true)]
    public void Only_xcr0_exists(ulong register, bool allowed)
    {
        SetOperands(register, 7);
        AssertBothWays(allowed, 7);
    }

    [Fact]
    public void High_halves_of_the_registers_do_not_count()
    {
        SetOperands(0, 7);
        _machine.Data->Registers.Rax |= 0xFFFF_FFFF_0000_0000;
        _machine.Data->Registers.Rdx |= 0xFFFF_FFFF_0000_0000;
        AssertBothWays(true, 7);
    }

    [Fact]
    public void A_processor_that_refuses_what_the_rules_allow_is_the_guests_fault()
    {
        _machine.Bootstrap.RefusesXsetbv = true;
        SetOperands(0, 7);
        AssertBothWays(false, 7);
    }

    [Fact]
    public void A_value_is_good_for_itself_alone()
    {
        // What was loaded before is not judged again; another one is.
        SetOperands(0, 7);
        Assert.True(_machine.ExitShortly(VmxExitReason.Xsetbv));
        Assert.True(_machine.ExitShortly(VmxExitReason.Xsetbv));
        SetOperands(1, 7);
        Assert.False(_machine.ExitShortly(VmxExitReason.Xsetbv));
        SetOperands(0, 5);
        Assert.False(_machine.ExitShortly(VmxExitReason.Xsetbv));
        SetOperands(0, 0x1_0000_0007);
        Assert.False(_machine.ExitShortly(VmxExitReason.Xsetbv));
        Assert.Equal([(0u, 7ul), (0u, 7ul)], _machine.Bootstrap.XcrWrites);
    }

    [Fact]
    public void A_traced_xsetbv_goes_the_long_way_and_ends_in_a_single_step()
    {
        SetOperands(0, 7);
        _machine.Flags |= 0x100;
        Assert.False(_machine.ExitShortly(VmxExitReason.Xsetbv));
        Assert.Empty(_machine.Bootstrap.XcrWrites);
        _machine.Exit(VmxExitReason.Xsetbv);
        Assert.Equal((0u, 7ul), Assert.Single(_machine.Bootstrap.XcrWrites));
        Assert.Equal(VmxPendingDebug.SingleStep, _machine.PendingDebug);
    }

    private void SetOperands(ulong register, ulong value)
    {
        _machine.Data->Registers.Rcx = register;
        _machine.Data->Registers.Rax = (uint)value;
        _machine.Data->Registers.Rdx = value >> 32;
    }

    private void AssertBothWays(bool allowed, ulong value)
    {
        GuestRegisters before = _machine.Data->Registers;
        Assert.Equal(allowed, _machine.ExitShortly(VmxExitReason.Xsetbv));
        AssertDone(allowed, value, before, exits: allowed ? 1u : 0);
        IntelGuestCode.EnterLongMode(_machine);
        _machine.Bootstrap.XcrWrites.Clear();
        _machine.ExitFully(VmxExitReason.Xsetbv);
        Assert.Equal(allowed ? 0 : GeneralProtection, _machine.Injected);
        before.Rsp = SimulatedMachine.GuestRsp;
        AssertDone(allowed, value, before, exits: allowed ? 2u : 1);
    }

    private void AssertDone(bool allowed, ulong value, GuestRegisters before, uint exits)
    {
        Assert.Equal(SimulatedMachine.GuestRip + (allowed ? IntelMachine.InstructionLength : 0), _machine.Rip);
        Assert.Equal(allowed ? [(0u, value)] : [], _machine.Bootstrap.XcrWrites);
        Assert.Equal(exits, _machine.Data->Exits.Read(ExitCause.Xsetbv));
        GuestRegisters after = _machine.Data->Registers;
        Assert.True(new ReadOnlySpan<byte>(&before, sizeof(GuestRegisters)).SequenceEqual(new ReadOnlySpan<byte>(&after, sizeof(GuestRegisters))));
    }
}
