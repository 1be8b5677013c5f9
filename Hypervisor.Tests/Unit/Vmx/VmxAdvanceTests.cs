using System;
using Hypervisor.Core.Vmx;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Vmx;

/// <summary>The end of an instruction that the host has carried out .</summary>
public sealed class VmxAdvanceTests : IDisposable
{
    private const ulong Trap = 1 << 8;
    private const ulong Resume = 1 << 16;
    private const ulong BranchSingleStep = 1 << 1;

    private readonly IntelMachine _machine = new();

    public VmxAdvanceTests()
    {
        IntelGuestCode.EnterLongMode(_machine);
    }

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData(VmxInterruptibility.BlockingBySti, VmxInterruptibility.None)]
    [InlineData(VmxInterruptibility.BlockingByMovSs, VmxInterruptibility.None)]
    [InlineData(VmxInterruptibility.BlockingByNmi, VmxInterruptibility.BlockingByNmi)]
    [InlineData(VmxInterruptibility.BlockingBySti | VmxInterruptibility.BlockingByNmi, VmxInterruptibility.BlockingByNmi)]
    public void The_shadow_of_sti_or_mov_ss_ends_and_nmis_stay_blocked(VmxInterruptibility before, VmxInterruptibility after)
    {
        _machine.Blocking = before;
        Execute();
        Assert.Equal(after, _machine.Blocking);
        Assert.Equal(VmxPendingDebug.None, _machine.PendingDebug);
    }

    [Theory]
    [InlineData(VmxInterruptibility.None)]
    [InlineData(VmxInterruptibility.BlockingBySti)]
    [InlineData(VmxInterruptibility.BlockingByMovSs)]
    public void The_trap_flag_makes_a_single_step_due(VmxInterruptibility blocking)
    {
        _machine.Flags |= Trap;
        _machine.Blocking = blocking;
        Execute();
        Assert.Equal(VmxPendingDebug.SingleStep, _machine.PendingDebug);
        Assert.Equal(0x202ul | Trap, _machine.Flags);
        Assert.Equal(0u, _machine.Injected);
        Assert.Equal(VmxInterruptibility.None, _machine.Blocking);
    }

    [Fact]
    public void Breakpoints_that_are_due_already_stay_due()
    {
        // MOV SS hit a data breakpoint: it is told together with the single step behind the next instruction (Intel SDM vol 3 §6.8.3).
        _machine.PendingDebug = (VmxPendingDebug)1 | VmxPendingDebug.EnabledBreakpoint;
        _machine.Blocking = VmxInterruptibility.BlockingByMovSs;
        _machine.Flags |= Trap;
        Execute();
        Assert.Equal((VmxPendingDebug)1 | VmxPendingDebug.EnabledBreakpoint | VmxPendingDebug.SingleStep, _machine.PendingDebug);
    }

    [Fact]
    public void With_btf_the_trap_flag_steps_branches_only()
    {
        _machine.Flags |= Trap;
        _machine.Set(VmcsField64.GuestDebugControl, BranchSingleStep);
        Execute();
        Assert.Equal(VmxPendingDebug.None, _machine.PendingDebug);
        Assert.Equal(SimulatedMachine.GuestRip + IntelMachine.InstructionLength, _machine.Rip);
    }

    [Fact]
    public void The_resume_flag_ends_with_the_instruction()
    {
        _machine.Flags |= Resume;
        Execute();
        Assert.Equal(0x202ul, _machine.Flags);
        Assert.Equal(VmxPendingDebug.None, _machine.PendingDebug);
    }

    [Fact]
    public void Nothing_else_in_the_flags_changes()
    {
        _machine.Flags = 0x0024_0AD7;
        Execute();
        Assert.Equal(0x0024_0AD7ul, _machine.Flags);
    }

    [Theory]
    [InlineData(1u)]
    [InlineData(15u)]
    public void Rip_moves_by_the_length_that_the_processor_saved(uint length)
    {
        _machine.ExitFully(VmxExitReason.Cpuid, length: length);
        Assert.Equal(SimulatedMachine.GuestRip + length, _machine.Rip);
    }

    [Fact]
    public void A_fault_is_pushed_with_the_resume_flag_and_leaves_the_shadow()
    {
        _machine.Blocking = VmxInterruptibility.BlockingByMovSs;
        _machine.ExitFully(VmxExitReason.Vmxon);
        Assert.Equal(0x202ul | Resume, _machine.Flags);
        Assert.Equal(SimulatedMachine.GuestRip, _machine.Rip);
    }

    private void Execute() => _machine.ExitFully(VmxExitReason.Cpuid);
}
