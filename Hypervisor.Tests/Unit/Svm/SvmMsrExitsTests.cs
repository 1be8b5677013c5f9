using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Memory;
using Hypervisor.Core.Svm;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Svm;

public sealed unsafe class SvmMsrExitsTests : IDisposable
{
    private const ulong GeneralProtection = (1ul << 31) | (1ul << 11) | (3ul << 8) | 13;
    private const ulong Svme = 1 << 12;

    private readonly SimulatedMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Efer_is_read_without_svme()
    {
        Assert.Equal(Svme, _machine.Vmcb->Efer & Svme);
        AssertRead(Msr.Efer, _machine.Vmcb->Efer & ~Svme);
    }

    [Theory]
    [InlineData(0xD01)]
    [InlineData(0x501)]
    [InlineData(0x100)]
    [InlineData(0xD00)]
    public void Efer_takes_what_a_processor_without_svm_takes(ulong value)
    {
        // LME must stay as it is while paging is on; LMA follows by itself.
        GuestCode.Write(_machine, [0x0F, 0x30]);
        AssertWritten(Msr.Efer, value);
        Assert.Equal((value & ~0x400ul) | 0x400 | Svme, _machine.Vmcb->Efer);
        Assert.Equal(SvmTlbControl.FlushAll, _machine.Vmcb->TlbControl);
    }

    [Theory]
    [InlineData(0x1D01)]
    [InlineData(0xC01)]
    [InlineData(0xD01 | (1ul << 1))]
    [InlineData(0xD01 | (1ul << 16))]
    [InlineData(0xD01 | (1ul << 19))]
    [InlineData(0xD01 | (1ul << 32))]
    [InlineData(0xD01 | (1ul << 63))]
    public void Efer_refuses_svme_reserved_bits_and_a_change_of_lme_under_paging(ulong value)
    {
        GuestCode.Write(_machine, [0x0F, 0x30]);
        ulong before = _machine.Vmcb->Efer;
        AssertWriteFaults(Msr.Efer, value);
        Assert.Equal(before, _machine.Vmcb->Efer);
    }

    [Fact]
    public void Efer_changes_lme_while_paging_is_off()
    {
        GuestCode.EnterProtectedMode(_machine);
        _machine.Guest(SimulatedMachine.GuestRip)[0] = 0x0F;
        _machine.Guest(SimulatedMachine.GuestRip)[1] = 0x30;
        AssertWritten(Msr.Efer, 0x900);
        Assert.Equal(0x900 | Svme, _machine.Vmcb->Efer);
        _machine.Vmcb->Rip = SimulatedMachine.GuestRip;
        AssertWritten(Msr.Efer, 0);
        Assert.Equal(Svme, _machine.Vmcb->Efer);
    }

    [Fact]
    public void Efer_bits_exist_where_cpuid_names_the_feature()
    {
        (uint Leaf, int Register, int Bit, int Efer)[] features =
        [
            (0x8000_0001, 3, 20, 11), (0x8000_0001, 3, 25, 14), (0x8000_0001, 2, 17, 15), (0x8000_0008, 1, 8, 17), (0x8000_0008, 1, 13, 18),
            (0x8000_0021, 0, 7, 20), (0x8000_0021, 0, 8, 21),
        ];
        foreach ((uint leaf, int register, int bit, int efer) in features)
        {
            foreach (bool present in new[] { false, true })
            {
                CpuidTable table = new();
                table.Set(0x8000_0000, 0, 0x8000_0021, 0, 0, 0);
                table.Set(0x8000_0001, 0, 0, 0, 4, 1u << 29);
                table.Set(0x8000_0008, 0, 0x3028, 0, 0, 0);
                table.Set(0x8000_000A, 0, 1, 1, 0, 1);
                table.Set(0x8000_0021, 0, 0, 0, 0, 0);
                CpuidResult result = table.Get(leaf, 0);
                uint[] words = [result.Eax, result.Ebx, result.Ecx, result.Edx];
                words[register] |= present ? 1u << bit : 0;
                table.Set(leaf, 0, words[0], words[1], words[2], words[3]);
                Instructions.Processor = new SimulatedProcessor(0, table);
                ulong allowed = SvmCapabilities.Read().EferAllowed;
                Assert.Equal(present, (allowed >> efer & 1) != 0);
                Assert.Equal(0ul, allowed & Svme);
                Assert.Equal(0x501ul, allowed & 0x501);
            }
        }
    }

    [Theory]
    [InlineData(Msr.VmCr)]
    [InlineData(Msr.HostSavePhysicalAddress)]
    [InlineData(Msr.SvmKey)]
    public void The_msrs_of_svm_do_not_exist(uint msr)
    {
        _machine.Bootstrap.Msrs[msr] = 0x1234;
        AssertReadFaults(msr);
        AssertWriteFaults(msr, 0);
        Assert.Equal(0x1234ul, _machine.Bootstrap.Msrs[msr]);
    }

    [Theory]
    [InlineData(0x4000_0000u)]
    [InlineData(0xC000_2000u)]
    [InlineData(0x1234u)]
    [InlineData(0xFFFF_FFFFu)]
    public void An_msr_the_processor_does_not_have_faults_and_the_instruction_stays(uint msr)
    {
        AssertReadFaults(msr);
        AssertWriteFaults(msr, 5);
    }

    [Fact]
    public void An_msr_outside_the_map_that_exists_is_the_processors()
    {
        _machine.Bootstrap.Msrs[Msr.ScalableMachineCheckFirst] = 0x1122_3344_5566_7788;
        AssertRead(Msr.ScalableMachineCheckFirst, 0x1122_3344_5566_7788);
        GuestCode.Write(_machine, [0x0F, 0x30]);
        AssertWritten(Msr.ScalableMachineCheckFirst, 0x99);
        Assert.Equal(0x99ul, _machine.Bootstrap.Msrs[Msr.ScalableMachineCheckFirst]);
    }

    [Fact]
    public void Only_the_low_halves_of_the_registers_make_the_value()
    {
        _machine.Bootstrap.Msrs[Msr.ScalableMachineCheckFirst] = 0;
        GuestCode.Write(_machine, [0x0F, 0x30]);
        _machine.Vmcb->Rax = 0xFFFF_FFFF_0000_0001;
        _machine.Data->Registers.Rcx = 0xFFFF_FFFF_0000_0000 | Msr.ScalableMachineCheckFirst;
        _machine.Data->Registers.Rdx = 0xFFFF_FFFF_0000_0002;
        _machine.Exit(SvmExitCode.Msr, 1);
        Assert.Equal(0x0000_0002_0000_0001ul, _machine.Bootstrap.Msrs[Msr.ScalableMachineCheckFirst]);
        Assert.Equal(0xFFFF_FFFF_0000_0001ul, _machine.Vmcb->Rax);
    }

    [Fact]
    public void The_apic_page_is_followed_when_it_moves()
    {
        ulong moved = 0xFED0_0000;
        GuestCode.Write(_machine, [0x0F, 0x30]);
        AssertWritten(Msr.ApicBase, moved | 0x900);
        Assert.Equal(moved, _machine.Data->ApicWindow.Page);
        Assert.Equal((moved, NestedTables.ReadOnly), (_machine.Nested(moved).Address, _machine.Nested(moved).Flags));
        Assert.Equal(NestedTables.Full, _machine.Nested(SimulatedProcessor.ApicPage).Flags & ~PageFlags.LargePage);
        Assert.Equal(SvmTlbControl.FlushAll, _machine.Vmcb->TlbControl);
        Assert.Equal(0u, _machine.Vmcb->CleanBits);
    }

    [Fact]
    public void An_address_beyond_the_processors_is_refused_by_it()
    {
        ulong before = _machine.Bootstrap.Msrs[Msr.ApicBase];
        GuestCode.Write(_machine, [0x0F, 0x30]);
        AssertWriteFaults(Msr.ApicBase, (1ul << 40) | 0x900);
        Assert.Equal(before, _machine.Bootstrap.Msrs[Msr.ApicBase]);
        Assert.Equal(SimulatedProcessor.ApicPage, _machine.Data->ApicWindow.Page);
    }

    [Fact]
    public void X2apic_mode_has_no_page_to_trap()
    {
        EnterX2Apic();
        Assert.True(_machine.Data->ApicWindow.X2Apic);
        Assert.Equal(0ul, _machine.Data->ApicWindow.Entry);
        Assert.Equal(NestedTables.Full, _machine.Nested(SimulatedProcessor.ApicPage).Flags & ~PageFlags.LargePage);
    }

    [Fact]
    public void An_apic_that_is_switched_off_has_no_page_to_trap()
    {
        GuestCode.Write(_machine, [0x0F, 0x30]);
        AssertWritten(Msr.ApicBase, SimulatedProcessor.ApicPage | 0x100);
        Assert.Equal(0ul, _machine.Data->ApicWindow.Entry);
        _machine.Vmcb->Rip = SimulatedMachine.GuestRip;
        AssertWritten(Msr.ApicBase, SimulatedProcessor.ApicPage | 0x900);
        Assert.NotEqual(0ul, _machine.Data->ApicWindow.Entry);
        Assert.Equal(NestedTables.ReadOnly, _machine.Nested(SimulatedProcessor.ApicPage).Flags);
    }

    [Fact]
    public void The_apic_cannot_be_moved_over_the_hosts_memory()
    {
        // There the host would read APIC registers where its own data should be.
        GuestCode.Write(_machine, [0x0F, 0x30]);
        ulong before = _machine.Bootstrap.Msrs[Msr.ApicBase];
        SetWrite(Msr.ApicBase, ((ulong)_machine.Data & ~0xFFFul) | 0x900);
        _machine.Exit(SvmExitCode.Msr, 1);
        Assert.Equal(before, _machine.Bootstrap.Msrs[Msr.ApicBase]);
    }

    [Fact]
    public void The_apic_can_be_moved_wherever_the_processor_has_addresses()
    {
        using SimulatedMachine large = new(new MachineOptions { AddressBits = 48, RegionBase = 0x7800_0000 });
        ulong moved = 1ul << 47;
        GuestCode.Write(large, [0x0F, 0x30]);
        large.Data->Registers.Rcx = Msr.ApicBase;
        large.Vmcb->Rax = 0x900;
        large.Data->Registers.Rdx = moved >> 32;
        large.Exit(SvmExitCode.Msr, 1);
        Assert.Equal(moved, large.Data->ApicWindow.Page);
        Assert.Equal((moved, NestedTables.ReadOnly), (large.Nested(moved).Address, large.Nested(moved).Flags));
    }

    [Theory]
    [InlineData(0x0000_0003_0000_4500ul)]
    [InlineData(0x0000_0003_0000_4699ul)]
    [InlineData(0x0000_0000_000C_4500ul)]
    [InlineData(0x0000_0003_0000_8500ul)]
    [InlineData(0x0000_0077_0000_4500ul)]
    public void Init_and_sipi_do_not_leave_through_the_x2apic_command(ulong command)
    {
        EnterX2Apic();
        _machine.Machine->Processors[1].Data->Startup.TakenOver = 1;
        AssertWritten(Msr.X2ApicInterruptCommand, command);
        Assert.DoesNotContain(_machine.Bootstrap.Apic.Commands, sent => sent.IsInit || sent.IsStartup);
    }

    [Theory]
    [InlineData(0x0000_0003_0000_0040ul)]
    [InlineData(0x0000_0003_0000_0400ul)]
    [InlineData(0x0000_0001_000C_00FBul)]
    [InlineData(0xFFFF_FFFF_0000_0840ul)]
    public void Every_other_x2apic_command_goes_out_as_it_is(ulong command)
    {
        EnterX2Apic();
        AssertWritten(Msr.X2ApicInterruptCommand, command);
        Assert.Equal(new ApicCommand((uint)command, (uint)(command >> 32)), Assert.Single(_machine.Bootstrap.Apic.Commands));
    }

    [Fact]
    public void The_x2apic_command_faults_in_xapic_mode()
    {
        AssertWriteFaults(Msr.X2ApicInterruptCommand, 0x0000_0003_0000_4500);
        Assert.Equal(0u, _machine[1]->Startup.Request);
    }

    [Fact]
    public void A_change_of_mode_the_processor_refuses_changes_nothing()
    {
        EnterX2Apic();
        AssertWriteFaults(Msr.ApicBase, SimulatedProcessor.ApicPage | 0x900);
        Assert.True(_machine.Data->ApicWindow.X2Apic);
    }

    [Fact]
    public void Prefixes_count_for_the_length()
    {
        GuestCode.Write(_machine, [0x66, 0x48, 0x0F, 0x32]);
        _machine.Data->Registers.Rcx = Msr.Efer;
        _machine.Exit(SvmExitCode.Msr);
        Assert.Equal(SimulatedMachine.GuestRip + 4, _machine.Vmcb->Rip);
    }

    private void EnterX2Apic()
    {
        GuestCode.Write(_machine, [0x0F, 0x30]);
        AssertWritten(Msr.ApicBase, SimulatedProcessor.ApicPage | 0xD00);
        _machine.Vmcb->Rip = SimulatedMachine.GuestRip;
    }

    private void AssertRead(uint msr, ulong expected)
    {
        GuestCode.Write(_machine, [0x0F, 0x32]);
        _machine.Vmcb->Rax = ulong.MaxValue;
        _machine.Data->Registers.Rcx = msr;
        _machine.Data->Registers.Rdx = ulong.MaxValue;
        _machine.Exit(SvmExitCode.Msr);
        Assert.Equal(0ul, _machine.Vmcb->EventInjection);
        Assert.Equal((uint)expected, _machine.Vmcb->Rax);
        Assert.Equal(expected >> 32, _machine.Data->Registers.Rdx);
        Assert.Equal(SimulatedMachine.GuestRip + 2, _machine.Vmcb->Rip);
    }

    private void AssertReadFaults(uint msr)
    {
        GuestCode.Write(_machine, [0x0F, 0x32]);
        uint before = _machine.Data->Exits.Read(ExitCause.MsrRead);
        _machine.Vmcb->Rax = 0x77;
        _machine.Data->Registers.Rcx = msr;
        _machine.Data->Registers.Rdx = 0x88;
        _machine.Exit(SvmExitCode.Msr);
        Assert.Equal(GeneralProtection, _machine.Vmcb->EventInjection);
        Assert.Equal((0x77ul, 0x88ul), (_machine.Vmcb->Rax, _machine.Data->Registers.Rdx));
        Assert.Equal(SimulatedMachine.GuestRip, _machine.Vmcb->Rip);
        Assert.Equal(before + 1, _machine.Data->Exits.Read(ExitCause.MsrRead));
    }

    private void SetWrite(uint msr, ulong value)
    {
        _machine.Data->Registers.Rcx = msr;
        _machine.Vmcb->Rax = (uint)value;
        _machine.Data->Registers.Rdx = value >> 32;
    }

    private void AssertWritten(uint msr, ulong value)
    {
        ulong rip = _machine.Vmcb->Rip;
        SetWrite(msr, value);
        _machine.Exit(SvmExitCode.Msr, 1);
        Assert.Equal(0ul, _machine.Vmcb->EventInjection);
        Assert.Equal(rip + 2, _machine.Vmcb->Rip);
        Assert.Equal(((ulong)(uint)value, value >> 32), (_machine.Vmcb->Rax, _machine.Data->Registers.Rdx));
    }

    private void AssertWriteFaults(uint msr, ulong value)
    {
        ulong rip = _machine.Vmcb->Rip;
        SetWrite(msr, value);
        _machine.Exit(SvmExitCode.Msr, 1);
        Assert.Equal(GeneralProtection, _machine.Vmcb->EventInjection);
        Assert.Equal(rip, _machine.Vmcb->Rip);
    }
}
