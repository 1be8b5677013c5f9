using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Svm;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Svm;

public sealed unsafe class SvmProcessorTests : IDisposable
{
    private readonly SimulatedMachine _machine = new();
    private readonly NativeRegion _gdt = new(0x1000);

    public void Dispose()
    {
        _gdt.Dispose();
        _machine.Dispose();
    }

    [Fact]
    public void The_guest_goes_on_with_the_registers_the_processor_has()
    {
        SimulatedProcessor processor = _machine.Bootstrap;
        ulong* gdt = (ulong*)_gdt.Base;
        gdt[1] = 0x00AF_9A00_0000_FFFF;
        gdt[2] = 0x12CF_9334_5678_FFFF;
        gdt[3] = 0x0040_F212_3456_0FFF;
        processor.Gdtr = new DescriptorTableRegister { Base = _gdt.Base, Limit = 0x1F };
        processor.Idtr = new DescriptorTableRegister { Base = 0x1234_5000, Limit = 0xFFF };
        processor.Selectors[SegmentName.Cs] = 0x08;
        processor.Selectors[SegmentName.Ss] = 0x10;
        processor.Selectors[SegmentName.Ds] = 0x1B;
        processor.Selectors[SegmentName.Es] = 0;
        processor.Cr2 = 0x77;
        processor.Msrs[Msr.Pat] = 0x0606_0606_0606_0606;
        processor.VmSaves.Clear();
        Instructions.Processor = processor;
        SvmProcessor.CaptureState(_machine.Data, new Efer(processor.Msrs[Msr.Efer]));

        Vmcb* vmcb = _machine.Vmcb;
        Assert.Equal((0x08, 0xA9A, 0xFFFF_FFFFu, 0ul), (vmcb->Cs.Selector, vmcb->Cs.Attributes, vmcb->Cs.Limit, vmcb->Cs.Base));
        Assert.Equal((0x10, 0xC93, 0xFFFF_FFFFu, 0x1234_5678ul), (vmcb->Ss.Selector, vmcb->Ss.Attributes, vmcb->Ss.Limit, vmcb->Ss.Base));
        Assert.Equal((0x1B, 0x4F2, 0x0FFFu, 0x0012_3456ul), (vmcb->Ds.Selector, vmcb->Ds.Attributes, vmcb->Ds.Limit, vmcb->Ds.Base));
        Assert.Equal((0, 0), (vmcb->Es.Selector, vmcb->Es.Attributes));
        Assert.Equal((_gdt.Base, 0x1Fu), (vmcb->Gdtr.Base, vmcb->Gdtr.Limit));
        Assert.Equal((0x1234_5000ul, 0xFFFu), (vmcb->Idtr.Base, vmcb->Idtr.Limit));
        Assert.Equal((processor.Cr0, 0x77ul, processor.Cr3, processor.Cr4), (vmcb->Cr0, vmcb->Cr2, vmcb->Cr3, vmcb->Cr4));
        Assert.Equal((processor.Dr6, processor.Dr7), (vmcb->Dr6, vmcb->Dr7));
        Assert.Equal(0x0606_0606_0606_0606ul, vmcb->GuestPat);
        Assert.Equal(0x1D01ul, vmcb->Efer);
        Assert.Equal(0, vmcb->Cpl);
        Assert.Equal(_machine.Data->GuestControl, Assert.Single(processor.VmSaves));
    }

    [Theory]
    [InlineData(0x20)]
    [InlineData(0x0C)]
    [InlineData(0xFFF8)]
    public void A_selector_that_leads_nowhere_is_unusable(ushort selector)
    {
        SimulatedProcessor processor = _machine.Bootstrap;
        new Span<byte>((void*)_gdt.Base, 0x1000).Fill(0xFF);
        processor.Gdtr = new DescriptorTableRegister { Base = _gdt.Base, Limit = 0x1F };
        processor.Selectors[SegmentName.Ds] = selector;
        Instructions.Processor = processor;
        SvmProcessor.CaptureState(_machine.Data, new Efer(processor.Msrs[Msr.Efer]));
        Assert.Equal((selector, 0), (_machine.Vmcb->Ds.Selector, _machine.Vmcb->Ds.Attributes));
    }

    [Fact]
    public void The_guest_is_launched_where_the_loader_says()
    {
        Assert.Equal((SimulatedMachine.GuestRip, SimulatedMachine.GuestRsp), _machine.Bootstrap.Launched);
        Assert.Equal(1u, _machine.Data->Startup.TakenOver);
        Assert.Equal(0u, _machine[1]->Startup.TakenOver);
    }

    [Fact]
    public void A_processor_without_what_is_needed_is_refused_with_a_reason()
    {
        CpuidTable table = CpuidTable.Tcg();
        SimulatedProcessor processor = new(0, table);
        Instructions.Processor = processor;
        Assert.True(SvmCapabilities.Read().Refusal().IsEmpty);
        processor.Msrs[Msr.VmCr] = 0x18;
        Assert.Contains("switched off", Refusal(), StringComparison.Ordinal);
        processor.Msrs[Msr.VmCr] = 0;
        table.Set(0x8000_000A, 0, 1, 0x10, 0, 0);
        Assert.Contains("nested paging", Refusal(), StringComparison.Ordinal);
        table.Set(0x8000_000A, 0, 1, 0x10, 0, 1);
        table.Set(0x8000_0001, 0, 0, 0, 4, 1u << 29);
        Assert.Contains("1 GiB", Refusal(), StringComparison.Ordinal);
        table.Set(0x8000_0001, 0, 0, 0, 0, 0);
        Assert.Contains("no AMD-V", Refusal(), StringComparison.Ordinal);
        table.Set(0x8000_0000, 0, 0x8000_0004, 0, 0, 0);
        Assert.Contains("no AMD-V", Refusal(), StringComparison.Ordinal);
    }

    private static string Refusal() => System.Text.Encoding.UTF8.GetString(SvmCapabilities.Read().Refusal());
}
