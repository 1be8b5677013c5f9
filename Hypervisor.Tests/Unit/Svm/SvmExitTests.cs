using System;
using System.Collections.Generic;
using System.Linq;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Svm;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Svm;

public sealed unsafe class SvmExitTests : IDisposable
{
    private const ulong Valid = 1ul << 31;
    private const ulong Undefined = Valid | (3ul << 8) | 6;
    private const ulong GeneralProtection = Valid | (1ul << 11) | (3ul << 8) | 13;

    private readonly SimulatedMachine _machine = new();

    public SvmExitTests()
    {
        GuestCode.Write(_machine, [0x0F, 0xA2]);
    }

    public static IEnumerable<object[]> UnknownCodes()
    {
        HashSet<ulong> known = [.. Enum.GetValues<SvmExitCode>().Select(code => (ulong)code).Where(code => code is not 0x40 and not 0x63)];
        return Enumerable.Range(0, 0xA8).Select(code => (ulong)code).Where(code => code is <= 0x40 or > 0x5F).Concat([0x401ul, 0x402ul, 0x403ul, 0x4000ul, 0xFFFF_FFFF_FFFF_FFFEul])
            .Where(code => !known.Contains(code)).Select(code => new object[] { code });
    }

    public void Dispose() => _machine.Dispose();

    [Theory]
    [MemberData(nameof(UnknownCodes))]
    public void An_unknown_exit_is_undefined_to_the_guest(ulong code)
    {
        _machine.Exit((SvmExitCode)code);
        Assert.Equal(Undefined, _machine.Vmcb->EventInjection);
        Assert.Equal(SimulatedMachine.GuestRip, _machine.Vmcb->Rip);
        Assert.Equal(1u, _machine.Data->Exits.Read(ExitCause.Other));
        Assert.Contains("is not known", _machine.LogText());
    }

    [Theory]
    [InlineData(SvmExitCode.Invlpga)]
    [InlineData(SvmExitCode.VmRun)]
    [InlineData(SvmExitCode.VmLoad)]
    [InlineData(SvmExitCode.VmSave)]
    [InlineData(SvmExitCode.Stgi)]
    [InlineData(SvmExitCode.Clgi)]
    [InlineData(SvmExitCode.Skinit)]
    public void Instructions_of_svm_are_undefined(SvmExitCode code)
    {
        _machine.Exit(code);
        Assert.Equal(Undefined, _machine.Vmcb->EventInjection);
        Assert.Equal(SimulatedMachine.GuestRip, _machine.Vmcb->Rip);
        Assert.Equal(1u, _machine.Data->Exits.Read(ExitCause.VirtualizationInstruction));
    }

    [Fact]
    public void A_triple_fault_resets_the_machine()
    {
        _machine.Exit(SvmExitCode.Shutdown);
        Assert.Equal([(0xCF9, 1, 2u), (0xCF9, 1, 6u), (0x64, 1, 0xFEu)], _machine.Bootstrap.Outputs);
        Assert.Equal(1, _machine.Bootstrap.Halts);
    }

    [Fact]
    public void Invd_writes_back_instead()
    {
        GuestCode.Write(_machine, [0x0F, 0x08]);
        _machine.Exit(SvmExitCode.Invd);
        Assert.Equal(1, _machine.Bootstrap.WriteBacks);
        Assert.Equal(SimulatedMachine.GuestRip + 2, _machine.Vmcb->Rip);
        Assert.Equal(0ul, _machine.Vmcb->EventInjection);
    }

    [Fact]
    public void An_inconsistent_control_block_stops_the_host()
    {
        _machine.Vmcb->Asid = 0;
        HostDefectException defect = Assert.Throws<HostDefectException>(() => _machine.Exit(SvmExitCode.Invalid));
        Assert.Contains("address space identifier", defect.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SvmExitCode.Invalid)]
    [InlineData(SvmExitCode.EmulatorRefusal)]
    public void A_refusal_without_a_reason_is_the_guests_fault(SvmExitCode code)
    {
        _machine.Exit(code);
        Assert.Equal(GeneralProtection, _machine.Vmcb->EventInjection);
        Assert.Equal(SimulatedMachine.GuestRip, _machine.Vmcb->Rip);
    }

    [Theory]
    [InlineData(Valid | 0x31)]
    [InlineData(Valid | (2ul << 8) | 2)]
    [InlineData(Valid | (3ul << 8) | 14 | (1ul << 11) | (6ul << 32))]
    [InlineData(Valid | (3ul << 8) | 6)]
    public void An_interrupted_event_is_delivered_again(ulong interrupted)
    {
        // A write to host memory while the event was being delivered, say on its stack.
        _machine.Vmcb->ExitInterruptInfo = interrupted;
        _machine.Exit(SvmExitCode.NestedPageFault, 7, _machine.Options.RegionBase + 0x5000);
        Assert.Equal(interrupted, _machine.Vmcb->EventInjection);
        Assert.Equal(SimulatedMachine.GuestRip, _machine.Vmcb->Rip);
    }

    [Theory]
    [InlineData(Valid | (4ul << 8) | 0x80)]
    [InlineData(Valid | (3ul << 8) | 3)]
    [InlineData(Valid | (3ul << 8) | 4)]
    public void An_instruction_whose_interrupt_was_interrupted_is_executed_again(ulong interrupted)
    {
        _machine.Vmcb->ExitInterruptInfo = interrupted;
        _machine.Exit(SvmExitCode.NestedPageFault, 7, _machine.Options.RegionBase + 0x5000);
        Assert.Equal(0ul, _machine.Vmcb->EventInjection);
        Assert.Equal(SimulatedMachine.GuestRip, _machine.Vmcb->Rip);
    }

    [Fact]
    public void An_event_is_not_delivered_twice()
    {
        _machine.Vmcb->EventInjection = Valid | (2ul << 8) | 2;
        _machine.Vmcb->ExitInterruptInfo = (2ul << 8) | 2; // not valid
        _machine.Exit(SvmExitCode.Cpuid);
        Assert.Equal(0ul, _machine.Vmcb->EventInjection);
    }

    [Theory]
    [InlineData(13, 0x18u, 8, 0u)]
    [InlineData(14, 0x18u, 8, 0u)]
    [InlineData(6, 0x18u, 13, 0x18u)]
    [InlineData(1, 0u, 13, 0u)]
    public void A_general_protection_fault_meets_the_exception_it_interrupted(byte interrupted, uint errorCode, byte vector, uint delivered)
    {
        _machine.Vmcb->ExitInterruptInfo = GuestEvent.Exception(interrupted, 4).Value;
        _machine.Exit(SvmExitCode.ExceptionGp, errorCode);
        Assert.Equal(GuestEvent.Exception(vector, delivered).Value, _machine.Vmcb->EventInjection);
    }

    [Fact]
    public void A_general_protection_fault_in_a_double_fault_resets_the_machine()
    {
        _machine.Vmcb->ExitInterruptInfo = GuestEvent.Exception(8, 0).Value;
        _machine.Exit(SvmExitCode.ExceptionGp, 0);
        Assert.Contains(((ushort)0xCF9, 1, 6u), _machine.Bootstrap.Outputs);
    }

    [Theory]
    [InlineData(0ul, 0x10u)]
    [InlineData(3ul, 0x83u)]
    [InlineData(3ul, 0u)]
    [InlineData(0ul, 0u)]
    public void The_guests_own_general_protection_fault_is_its_own(ulong privilege, uint errorCode)
    {
        GuestCode.Write(_machine, [0x0F, 0x30]); // WRMSR
        _machine.Vmcb->Cpl = (byte)privilege;
        _machine.Exit(SvmExitCode.ExceptionGp, errorCode);
        Assert.Equal(GuestEvent.Exception(13, errorCode).Value, _machine.Vmcb->EventInjection);
        Assert.Equal(SimulatedMachine.GuestRip, _machine.Vmcb->Rip);
    }

    [Fact]
    public void Instructions_of_svm_are_undefined_in_user_mode_too()
    {
        for (byte modRm = 0xC0; modRm != 0; modRm++)
        {
            foreach (byte[] prefix in new byte[][] { [], [0x48], [0x66, 0x2E] })
            {
                GuestCode.Write(_machine, [.. prefix, 0x0F, 0x01, modRm]);
                _machine.Vmcb->Cpl = 3;
                _machine.Exit(SvmExitCode.ExceptionGp, 0);

                // VMRUN, VMLOAD, VMSAVE, STGI, CLGI, SKINIT, INVLPGA; VMMCALL does not look at the privilege.
                bool svm = modRm is 0xD8 or (>= 0xDA and <= 0xDF);
                Assert.Equal(svm ? Undefined : GeneralProtection, _machine.Vmcb->EventInjection);
            }
        }
    }

    [Fact]
    public void A_fault_with_an_error_code_or_in_a_delivery_is_not_taken_for_an_instruction_of_svm()
    {
        GuestCode.Write(_machine, [0x0F, 0x01, 0xDA]);
        _machine.Vmcb->Cpl = 3;
        _machine.Exit(SvmExitCode.ExceptionGp, 0x12);
        Assert.Equal(GuestEvent.Exception(13, 0x12).Value, _machine.Vmcb->EventInjection);
        _machine.Vmcb->ExitInterruptInfo = Valid | 0x40;
        _machine.Exit(SvmExitCode.ExceptionGp, 0);
        Assert.Equal(GeneralProtection, _machine.Vmcb->EventInjection);
    }

    [Fact]
    public void Rax_and_rsp_travel_through_the_control_block()
    {
        _machine.Bootstrap.Msrs[Msr.ScalableMachineCheckFirst] = 0;
        _machine.Vmcb->Rax = 0x1111_2222;
        _machine.Vmcb->Rsp = 0x3333;
        _machine.Data->Registers.Rax = 99;
        _machine.Data->Registers.Rsp = 98;
        _machine.Data->Registers.Rcx = Msr.ScalableMachineCheckFirst;
        _machine.Data->Registers.Rdx = 0;
        _machine.Exit(SvmExitCode.Msr, 1);
        Assert.Equal(0x1111_2222ul, _machine.Bootstrap.Msrs[Msr.ScalableMachineCheckFirst]);
        Assert.Equal((0x1111_2222ul, 0x3333ul), (_machine.Vmcb->Rax, _machine.Vmcb->Rsp));
    }

    [Fact]
    public void The_last_exits_are_remembered()
    {
        for (ulong i = 0; i < 20; i++)
        {
            _machine.Exit(SvmExitCode.VmLoad, i, i * 2);
        }

        for (uint age = 0; age < ExitTrace.Capacity; age++)
        {
            ExitRecord record = _machine.Data->Trace.Read(age);
            Assert.Equal(((ulong)SvmExitCode.VmLoad, SimulatedMachine.GuestRip, 19ul - age), (record.Code, record.Rip, record.Info1));
        }
    }

    [Fact]
    public void A_rare_exit_makes_the_processor_read_the_whole_control_block()
    {
        _machine.Vmcb->CleanBits = uint.MaxValue;
        _machine.Exit(SvmExitCode.VmLoad);
        Assert.Equal(0u, _machine.Vmcb->CleanBits);
    }
}
