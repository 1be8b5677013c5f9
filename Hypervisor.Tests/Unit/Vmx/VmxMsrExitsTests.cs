using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Vmx;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Vmx;

/// <summary>RDMSR and WRMSR of registers with a policy .</summary>
public sealed unsafe class VmxMsrExitsTests : IDisposable
{
    private const uint GeneralProtection = 0x8000_0B0D;
    private const uint OutsideBothRanges = 0x1234_5678;

    private readonly IntelMachine _machine = new();

    public VmxMsrExitsTests()
    {
        IntelGuestCode.EnterLongMode(_machine);
    }

    public static TheoryData<uint> HiddenMsrs()
    {
        TheoryData<uint> msrs = [Msr.SmmMonitorControl];
        for (uint msr = 0x480; msr <= 0x493; msr++)
        {
            msrs.Add(msr);
        }

        return msrs;
    }

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData(0x5ul, 0x1ul)]
    [InlineData(0x7ul, 0x1ul)]
    [InlineData(0x1ul, 0x1ul)]
    [InlineData(0x10_FF05ul, 0x10_FF01ul)]
    public void The_firmware_has_locked_vmx_away(ulong native, ulong seen)
    {
        _machine.Bootstrap.Msrs[Msr.FeatureControl] = native;
        AssertRead(Msr.FeatureControl, seen);
        AssertWriteFaults(Msr.FeatureControl, native);
        AssertWriteFaults(Msr.FeatureControl, 0);
        Assert.Equal(native, _machine.Bootstrap.Msrs[Msr.FeatureControl]);
    }

    [Theory]
    [MemberData(nameof(HiddenMsrs))]
    public void The_msrs_of_vmx_do_not_exist(uint msr)
    {
        _machine.Bootstrap.Msrs.TryAdd(msr, 0x1234);
        ulong before = _machine.Bootstrap.Msrs[msr];
        AssertReadFaults(msr);
        AssertWriteFaults(msr, ~before);
        Assert.Equal(before, _machine.Bootstrap.Msrs[msr]);
    }

    [Theory]
    [InlineData(0x4000_0000u)]
    [InlineData(0xC000_2000u)]
    [InlineData(0x2000u)]
    [InlineData(0xFFFF_FFFFu)]
    public void An_msr_the_processor_does_not_have_faults_and_the_instruction_stays(uint msr)
    {
        AssertReadFaults(msr);
        AssertWriteFaults(msr, 5);
    }

    [Fact]
    public void An_msr_outside_the_bitmap_that_exists_is_the_processors()
    {
        _machine.Bootstrap.Msrs[OutsideBothRanges] = 0x1122_3344_5566_7788;
        AssertRead(OutsideBothRanges, 0x1122_3344_5566_7788);
        AssertWritten(OutsideBothRanges, 0x99);
        Assert.Equal(0x99ul, _machine.Bootstrap.Msrs[OutsideBothRanges]);
    }

    [Theory]
    [InlineData(Msr.TraceControl)]
    [InlineData(Msr.TraceOutputBase)]
    [InlineData(Msr.TraceLast)]
    public void Processor_trace_that_is_hidden_has_no_msrs(uint msr)
    {
        _machine.Bootstrap.Msrs[msr] = 0;
        AssertReadFaults(msr);
        AssertWriteFaults(msr, 1);
        Assert.Equal(0ul, _machine.Bootstrap.Msrs[msr]);
    }

    [Fact]
    public void A_microcode_update_that_cannot_be_read_is_the_guests_page_fault()
    {
        // In VMX non-root operation the instruction does nothing (Intel SDM vol 3 §25.3, WRMSR): the host reads and loads the update (MicrocodeUpdateTests).
        IntelGuestCode.EnterLongMode(_machine);
        _machine.Data->Registers.Rcx = Msr.IntelMicrocodeUpdate;
        _machine.Data->Registers.Rax = 0x1000;
        _machine.Data->Registers.Rdx = 0xFFFF_A000;
        _machine.Exit(VmxExitReason.Wrmsr);
        Assert.Equal(0x8000_0B0Eu, _machine.Injected);
        Assert.Equal(0xFFFF_A000_0000_1000ul - 0x30, _machine.Bootstrap.Cr2);
        Assert.Equal(SimulatedMachine.GuestRip, _machine.Rip);
    }

    [Fact]
    public void Only_the_low_halves_of_the_registers_make_the_value()
    {
        _machine.Bootstrap.Msrs[OutsideBothRanges] = 0;
        _machine.Data->Registers.Rax = 0xFFFF_FFFF_0000_0001;
        _machine.Data->Registers.Rcx = 0xFFFF_FFFF_0000_0000 | OutsideBothRanges;
        _machine.Data->Registers.Rdx = 0xFFFF_FFFF_0000_0002;
        _machine.Exit(VmxExitReason.Wrmsr);
        Assert.Equal(0x0000_0002_0000_0001ul, _machine.Bootstrap.Msrs[OutsideBothRanges]);
    }

    [Fact]
    public void The_apic_page_is_followed_when_it_moves()
    {
        const ulong moved = 0xFED0_0000;
        AssertWritten(Msr.ApicBase, moved | 0x900);
        Assert.Equal(moved, _machine.Data->ApicWindow.Page);
        Assert.Equal((moved, EptRights.ReadOnly, MemoryType.Uncacheable), Mapping(moved));
        Assert.Equal((SimulatedProcessor.ApicPage, EptRights.Full, MemoryType.Uncacheable), Mapping(SimulatedProcessor.ApicPage));
        Assert.NotEmpty(_machine.Bootstrap.EptInvalidations);
    }

    [Fact]
    public void The_apic_cannot_be_moved_over_the_hosts_memory_or_out_of_the_tables()
    {
        ulong before = _machine.Bootstrap.Msrs[Msr.ApicBase];
        AssertWriteFaults(Msr.ApicBase, ((ulong)_machine.Data & ~0xFFFul) | 0x900);
        AssertWriteFaults(Msr.ApicBase, (1ul << _machine.Options.AddressBits) | 0x900);
        Assert.Equal(before, _machine.Bootstrap.Msrs[Msr.ApicBase]);
        Assert.Equal(SimulatedProcessor.ApicPage, _machine.Data->ApicWindow.Page);
    }

    [Fact]
    public void X2apic_mode_has_no_page_to_trap_and_init_and_sipi_do_not_leave_by_its_command()
    {
        AssertWritten(Msr.ApicBase, SimulatedProcessor.ApicPage | 0xD00);
        Assert.Equal(0ul, _machine.Data->ApicWindow.Entry);
        Assert.Equal(EptRights.Full, Mapping(SimulatedProcessor.ApicPage).Rights);
        AssertWritten(Msr.X2ApicInterruptCommand, 0x0000_0003_0000_0040);
        Assert.Equal(new ApicCommand(0x40, 3), Assert.Single(_machine.Bootstrap.Apic.Commands));
        _machine.Bootstrap.Apic.Commands.Clear();
        AssertWritten(Msr.X2ApicInterruptCommand, 0x0000_0077_0000_4500); // INIT for nobody
        Assert.Empty(_machine.Bootstrap.Apic.Commands);
    }

    [Fact]
    public void The_x2apic_command_faults_in_xapic_mode()
    {
        AssertWriteFaults(Msr.X2ApicInterruptCommand, 0x0000_0003_0000_4500);
        Assert.Equal(0u, _machine[1]->Startup.Request);
    }

    private (ulong Physical, EptRights Rights, MemoryType Type) Mapping(ulong address)
    {
        EptWalk.Mapping mapping = _machine.Ept(address);
        return (mapping.Physical + (address - mapping.Guest), (EptRights)mapping.Rights, mapping.Type);
    }

    private void AssertRead(uint msr, ulong expected)
    {
        ulong rip = _machine.Rip;
        _machine.Data->Registers.Rax = _machine.Data->Registers.Rdx = ulong.MaxValue;
        _machine.Data->Registers.Rcx = msr;
        _machine.Exit(VmxExitReason.Rdmsr, length: 2);
        Assert.Equal(0u, _machine.Injected);
        Assert.Equal(((ulong)(uint)expected, expected >> 32), (_machine.Data->Registers.Rax, _machine.Data->Registers.Rdx));
        Assert.Equal(rip + 2, _machine.Rip);
    }

    private void AssertReadFaults(uint msr)
    {
        ulong rip = _machine.Rip;
        uint before = _machine.Data->Exits.Read(ExitCause.MsrRead);
        _machine.Data->Registers.Rax = 0x77;
        _machine.Data->Registers.Rdx = 0x88;
        _machine.Data->Registers.Rcx = msr;
        _machine.Exit(VmxExitReason.Rdmsr);
        Assert.Equal((GeneralProtection, 0u), (_machine.Injected, _machine.InjectedErrorCode));
        Assert.Equal((0x77ul, 0x88ul, rip), (_machine.Data->Registers.Rax, _machine.Data->Registers.Rdx, _machine.Rip));
        Assert.Equal(before + 1, _machine.Data->Exits.Read(ExitCause.MsrRead));
    }

    private void Write(uint msr, ulong value)
    {
        _machine.Data->Registers.Rcx = msr;
        _machine.Data->Registers.Rax = (uint)value;
        _machine.Data->Registers.Rdx = value >> 32;
        _machine.Exit(VmxExitReason.Wrmsr, length: 2);
    }

    private void AssertWritten(uint msr, ulong value)
    {
        ulong rip = _machine.Rip;
        Write(msr, value);
        Assert.Equal(0u, _machine.Injected);
        Assert.Equal(rip + 2, _machine.Rip);
    }

    private void AssertWriteFaults(uint msr, ulong value)
    {
        ulong rip = _machine.Rip;
        Write(msr, value);
        Assert.Equal((GeneralProtection, 0u), (_machine.Injected, _machine.InjectedErrorCode));
        Assert.Equal(rip, _machine.Rip);
    }
}
