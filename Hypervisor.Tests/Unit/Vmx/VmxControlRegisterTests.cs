using System;
using System.Linq;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Vmx;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Vmx;

/// <summary>MOV to and from control registers .</summary>
public sealed unsafe class VmxControlRegisterTests : IDisposable
{
    private const uint GeneralProtection = 0x8000_0B0D;
    private const ulong NumericError = 1 << 5;
    private const ulong Usual = 0x8005_0033;
    private const int StackPointer = 4;

    private readonly IntelMachine _machine = new();

    public VmxControlRegisterTests()
    {
        IntelGuestCode.EnterLongMode(_machine);
    }

    public static TheoryData<int> Registers() => [.. Enumerable.Range(0, 16)];

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Only_ne_vmxe_smxe_and_fred_are_the_hosts()
    {
        Assert.Equal(NumericError, _machine.Get(VmcsFieldNatural.Cr0Mask));
        Assert.Equal((1ul << 13) | (1ul << 14) | (1ul << 32), _machine.Get(VmcsFieldNatural.Cr4Mask));
    }

    [Theory]
    [MemberData(nameof(Registers))]
    public void Ne_changes_in_the_shadow_and_the_instruction_is_executed_again(int operand)
    {
        ulong wanted = Usual & ~NumericError;
        SetRegister(operand, wanted);
        Access(0, VmxControlRegisterAccess.AccessKind.MoveTo, operand);
        Assert.Equal((0u, SimulatedMachine.GuestRip), (_machine.Injected, _machine.Rip));
        Assert.Equal(wanted, _machine.Get(VmcsFieldNatural.Cr0Shadow));
        Assert.Equal(Usual, _machine.Get(VmcsFieldNatural.GuestCr0)); // VMX demands NE

        // And back.
        SetRegister(operand, Usual);
        Access(0, VmxControlRegisterAccess.AccessKind.MoveTo, operand);
        Assert.Equal((0u, SimulatedMachine.GuestRip), (_machine.Injected, _machine.Rip));
        Assert.Equal(Usual, _machine.Get(VmcsFieldNatural.Cr0Shadow));
        Assert.Equal(2u, _machine.Data->Exits.Read(ExitCause.ControlRegister));
    }

    [Theory]
    [InlineData(0ul)]
    [InlineData(0x6000_0011ul)]
    [InlineData(0xFFFF_FFFF_FFFF_FFDFul)]
    public void All_other_bits_of_the_new_cr0_are_left_to_the_processor(ulong value)
    {
        SetRegister(3, value);
        Access(0, VmxControlRegisterAccess.AccessKind.MoveTo, 3);
        Assert.Equal(Usual & ~NumericError, _machine.Get(VmcsFieldNatural.Cr0Shadow));
        Assert.Equal(Usual, _machine.Get(VmcsFieldNatural.GuestCr0));
        Assert.Equal(0x202ul, _machine.Flags);
    }

    [Fact]
    public void A_write_that_exits_without_a_difference_faults_rather_than_go_on_for_ever()
    {
        SetRegister(3, Usual);
        Access(0, VmxControlRegisterAccess.AccessKind.MoveTo, 3);
        Assert.Equal((GeneralProtection, 0u), (_machine.Injected, _machine.InjectedErrorCode));
        Assert.Equal(SimulatedMachine.GuestRip, _machine.Rip);
        Assert.Equal(Usual, _machine.Get(VmcsFieldNatural.Cr0Shadow));
    }

    [Theory]
    [InlineData(VmxInterruptibility.None, VmxPendingDebug.None, VmxPendingDebug.None)]
    [InlineData(VmxInterruptibility.None, VmxPendingDebug.SingleStep, VmxPendingDebug.None)]
    [InlineData(VmxInterruptibility.BlockingBySti, VmxPendingDebug.SingleStep, VmxPendingDebug.SingleStep)]
    [InlineData(VmxInterruptibility.BlockingByMovSs, VmxPendingDebug.SingleStep, VmxPendingDebug.SingleStep)]
    [InlineData(VmxInterruptibility.BlockingByMovSs, VmxPendingDebug.None, VmxPendingDebug.SingleStep)]
    public void What_is_executed_again_keeps_its_shadow_its_trap_flag_and_its_resume_flag(
        VmxInterruptibility blocking, VmxPendingDebug saved, VmxPendingDebug expected)
    {
        // The single step is due behind the instruction, not before it; in a shadow an entry demands that it is noted (Intel SDM vol 3 §26.3.1.5).
        const ulong trapAndResume = (1 << 8) | (1 << 16);
        _machine.Flags |= trapAndResume;
        _machine.Blocking = blocking;
        _machine.PendingDebug = saved;
        SetRegister(3, 0);
        Access(0, VmxControlRegisterAccess.AccessKind.MoveTo, 3);
        Assert.Equal(0x202ul | trapAndResume, _machine.Flags);
        Assert.Equal((blocking, expected), (_machine.Blocking, _machine.PendingDebug));
    }

    [Fact]
    public void With_btf_no_single_step_is_noted_in_a_shadow()
    {
        const ulong branchSingleStep = 1 << 1;
        _machine.Flags |= 1 << 8;
        _machine.Blocking = VmxInterruptibility.BlockingByMovSs;
        _machine.Set(VmcsField64.GuestDebugControl, branchSingleStep);
        SetRegister(3, 0);
        Access(0, VmxControlRegisterAccess.AccessKind.MoveTo, 3);
        Assert.Equal(VmxPendingDebug.None, _machine.PendingDebug);
    }

    [Theory]
    [InlineData(0x2620ul)]
    [InlineData(0x4620ul)]
    [InlineData(0x6620ul)]
    public void Vmxe_and_smxe_are_reserved(ulong value)
    {
        SetRegister(3, value);
        Access(4, VmxControlRegisterAccess.AccessKind.MoveTo, 3);
        Assert.Equal((GeneralProtection, 0u), (_machine.Injected, _machine.InjectedErrorCode));
        Assert.Equal(SimulatedMachine.GuestRip, _machine.Rip);
        Assert.Equal(0x620ul, _machine.Get(VmcsFieldNatural.Cr4Shadow));
        Assert.Equal(0x2620ul, _machine.Get(VmcsFieldNatural.GuestCr4));
    }

    [Theory]
    [MemberData(nameof(Registers))]
    public void A_new_cr3_becomes_a_target_that_the_instruction_loads_by_itself(int operand)
    {
        const ulong root = 0x0000_0012_3456_7000;
        SetRegister(operand, root);
        Access(3, VmxControlRegisterAccess.AccessKind.MoveTo, operand);
        Assert.Equal((0u, SimulatedMachine.GuestRip), (_machine.Injected, _machine.Rip));
        Assert.Equal((root, 1u), (_machine.Get(VmcsFieldNatural.Cr3Target0), _machine.Get(VmcsField32.Cr3TargetCount)));
        Assert.Equal(GuestCode.Root, _machine.Get(VmcsFieldNatural.GuestCr3));
    }

    [Theory]
    [MemberData(nameof(Registers))]
    public void Cr3_is_read_into_any_register(int operand)
    {
        const ulong root = 0x0000_0012_3456_7018;
        _machine.Set(VmcsFieldNatural.GuestCr3, root);
        Access(3, VmxControlRegisterAccess.AccessKind.MoveFrom, operand);
        Assert.Equal(0u, _machine.Injected);
        Assert.Equal(SimulatedMachine.GuestRip + IntelMachine.InstructionLength, _machine.Rip);
        ulong read = operand == StackPointer ? _machine.Get(VmcsFieldNatural.GuestRsp) : ((ulong*)&_machine.Data->Registers)[operand];
        Assert.Equal(root, read);
        Assert.Equal(operand == StackPointer ? root : SimulatedMachine.GuestRsp, _machine.Get(VmcsFieldNatural.GuestRsp));
    }

    [Theory]
    [InlineData(0, VmxControlRegisterAccess.AccessKind.MoveFrom)]
    [InlineData(0, VmxControlRegisterAccess.AccessKind.Clts)]
    [InlineData(0, VmxControlRegisterAccess.AccessKind.Lmsw)]
    [InlineData(4, VmxControlRegisterAccess.AccessKind.MoveFrom)]
    [InlineData(8, VmxControlRegisterAccess.AccessKind.MoveTo)]
    [InlineData(8, VmxControlRegisterAccess.AccessKind.MoveFrom)]
    public void What_cannot_exit_is_answered_all_the_same(int register, VmxControlRegisterAccess.AccessKind kind)
    {
        Access(register, kind, 3);
        Assert.Equal(GeneralProtection, _machine.Injected);
    }

    private void SetRegister(int operand, ulong value)
    {
        ((ulong*)&_machine.Data->Registers)[operand] = operand == StackPointer ? 0xBAD : value;
        _machine.Set(VmcsFieldNatural.GuestRsp, operand == StackPointer ? value : SimulatedMachine.GuestRsp);
    }

    private void Access(int register, VmxControlRegisterAccess.AccessKind kind, int operand)
    {
        const int kindShift = 4;
        const int operandShift = 8;
        uint qualification = (uint)register | ((uint)kind << kindShift) | ((uint)operand << operandShift);
        _machine.Exit(VmxExitReason.ControlRegister, qualification);
    }
}
