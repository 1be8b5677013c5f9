using System;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Decoding;
using Hypervisor.Core.Svm;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Svm;

public sealed unsafe class SvmGuestTests : IDisposable
{
    private const ulong Trap = 1 << 8;
    private const ulong Resume = 1 << 16;
    private const ulong SingleStep = 1 << 14;
    private const ulong Debug = (1ul << 31) | (3ul << 8) | 1;

    private readonly SimulatedMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData(true, 0xFFFF_FFFF_FFFFul, 2, 0x1_0000_0000_0001ul)]
    [InlineData(true, 0xFFFF_FFFEul, 3, 0x1_0000_0001ul)]
    [InlineData(false, 0xFFFF_FFFEul, 3, 1ul)]
    [InlineData(false, 0xFFFF_FFFEul, 2, 0ul)]
    [InlineData(false, 0x1000ul, 15, 0x100Ful)]
    public void Rip_has_32_bits_outside_64_bit_code(bool wide, ulong rip, uint length, ulong expected)
    {
        if (wide)
        {
            GuestCode.EnterLongMode(_machine);
        }
        else
        {
            GuestCode.EnterProtectedMode(_machine);
        }

        _machine.Vmcb->Rip = rip;
        SvmGuest.Advance(_machine.Vmcb, length);
        Assert.Equal(expected, _machine.Vmcb->Rip);
    }

    [Fact]
    public void Compatibility_mode_is_not_64_bit_code()
    {
        GuestCode.EnterLongMode(_machine);
        _machine.Vmcb->Cs.Attributes = 0xC9B;
        _machine.Vmcb->Rip = 0xFFFF_FFFF;
        SvmGuest.Advance(_machine.Vmcb, 2);
        Assert.Equal(1ul, _machine.Vmcb->Rip);
    }

    [Fact]
    public void The_l_bit_counts_only_in_long_mode()
    {
        GuestCode.EnterProtectedMode(_machine);
        _machine.Vmcb->Cs.Attributes = 0xA9B;
        Assert.False(SvmGuest.Is64Bit(_machine.Vmcb));
    }

    [Fact]
    public void The_interrupt_shadow_ends_with_the_instruction()
    {
        GuestCode.EnterLongMode(_machine);
        _machine.Vmcb->InterruptShadow = 1;
        SvmGuest.Advance(_machine.Vmcb, 2);
        Assert.Equal(0ul, _machine.Vmcb->InterruptShadow & 1);
        Assert.Equal(0ul, _machine.Vmcb->EventInjection);
    }

    [Theory]
    [InlineData(0ul)]
    [InlineData(1ul)]
    public void The_trap_flag_raises_a_debug_exception_behind_the_instruction(ulong shadow)
    {
        GuestCode.EnterLongMode(_machine);
        _machine.Vmcb->RFlags |= Trap;
        _machine.Vmcb->InterruptShadow = shadow; // MOV SS before it delays the trap no further than this
        _machine.Vmcb->Dr6 = 0xFFFF_0FF0;
        SvmGuest.Advance(_machine.Vmcb, 2);
        Assert.Equal(Debug, _machine.Vmcb->EventInjection);
        Assert.Equal(SimulatedMachine.GuestRip + 2, _machine.Vmcb->Rip);
        Assert.Equal(0xFFFF_4FF0ul, _machine.Vmcb->Dr6);
        Assert.Equal(Trap, _machine.Vmcb->RFlags & Trap); // delivery clears it, and pushes it set
        Assert.Equal(0ul, _machine.Vmcb->InterruptShadow & 1);
    }

    [Fact]
    public void A_single_step_leaves_what_dr6_holds()
    {
        GuestCode.EnterLongMode(_machine);
        _machine.Vmcb->RFlags |= Trap;
        _machine.Vmcb->Dr6 = 0xFFFF_0FF5;
        SvmGuest.Advance(_machine.Vmcb, 2);
        Assert.Equal(0xFFFF_4FF5ul, _machine.Vmcb->Dr6);
    }

    [Fact]
    public void The_resume_flag_ends_with_the_instruction()
    {
        GuestCode.EnterLongMode(_machine);
        _machine.Vmcb->RFlags |= Resume;
        SvmGuest.Advance(_machine.Vmcb, 2);
        Assert.Equal(0x202ul, _machine.Vmcb->RFlags);
        Assert.Equal(0ul, _machine.Vmcb->EventInjection);
    }

    [Fact]
    public void Nothing_else_in_the_flags_changes()
    {
        GuestCode.EnterLongMode(_machine);
        _machine.Vmcb->RFlags = 0x0024_0AD7;
        SvmGuest.Advance(_machine.Vmcb, 2);
        Assert.Equal(0x0024_0AD7ul, _machine.Vmcb->RFlags);
    }

    [Fact]
    public void The_trap_flag_steps_branches_only_where_btf_is_set()
    {
        // AMD APM vol 2 §13.1.1.6: with DEBUGCTL.BTF, TF traps control transfers, and CPUID is none.
        GuestCode.Write(_machine, [0x0F, 0xA2]);
        _machine.Bootstrap.Msrs[Msr.DebugControl] = 2;
        _machine.Vmcb->DebugControl = 2;
        _machine.Vmcb->RFlags |= Trap;
        _machine.Exit(SvmExitCode.Cpuid);
        Assert.Equal(SimulatedMachine.GuestRip + 2, _machine.Vmcb->Rip);
        Assert.Equal(0ul, _machine.Vmcb->EventInjection);
    }

    [Fact]
    public void The_width_is_that_of_the_code_segment()
    {
        GuestCode.EnterLongMode(_machine);
        Assert.Equal(CodeWidth.Bits64, SvmGuest.Width(_machine.Vmcb));
        _machine.Vmcb->Cs.Attributes = 0xC9B;
        Assert.Equal(CodeWidth.Bits32, SvmGuest.Width(_machine.Vmcb));
        _machine.Vmcb->Cs.Attributes = 0x9B;
        Assert.Equal(CodeWidth.Bits16, SvmGuest.Width(_machine.Vmcb));
    }

    [Fact]
    public void The_linear_rip_includes_the_base_outside_64_bit_code_only()
    {
        GuestCode.EnterRealMode(_machine, 0xF000);
        _machine.Vmcb->Rip = 0x1234;
        Assert.Equal(0xF1234ul, SvmGuest.LinearRip(_machine.Data));
        _machine.Vmcb->Cs.Base = 0xFFFF_FFF0;
        Assert.Equal(0x1224ul, SvmGuest.LinearRip(_machine.Data));
        GuestCode.EnterLongMode(_machine);
        _machine.Vmcb->Cs.Base = 0x5000;
        _machine.Vmcb->Rip = 0xFFFF_8000_0000_1234;
        Assert.Equal(0xFFFF_8000_0000_1234ul, SvmGuest.LinearRip(_machine.Data));
    }

    [Fact]
    public void An_exception_on_top_of_one_being_delivered_becomes_a_double_fault()
    {
        GuestCode.EnterLongMode(_machine);
        _machine.Vmcb->EventInjection = GuestEvent.Exception(13, 0x10).Value;
        GuestFault.RaiseGeneralProtection<SvmGuest>(_machine.Data);
        Assert.Equal(GuestEvent.Exception(8, 0).Value, _machine.Vmcb->EventInjection);
        Assert.Empty(_machine.Bootstrap.Outputs);
    }

    [Fact]
    public void A_third_fault_resets_the_machine()
    {
        GuestCode.EnterLongMode(_machine);
        _machine.Vmcb->EventInjection = GuestEvent.Exception(8, 0).Value;
        GuestFault.RaiseGeneralProtection<SvmGuest>(_machine.Data);
        Assert.Contains(((ushort)0xCF9, 1, 6u), _machine.Bootstrap.Outputs);
    }
}
