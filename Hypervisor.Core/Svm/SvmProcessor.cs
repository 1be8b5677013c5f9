using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Svm;

/// <summary>Brings SVM up on a processor and fills its VMCB.</summary>
public static unsafe class SvmProcessor
{
    private const uint HostAddressSpace = 0;
    private const uint GuestAddressSpace = HostAddressSpace + 1;
    private const ulong NestedPagingEnable = 1;
    private const uint InterceptGeneralProtection = 1u << 13;
    private const uint InterceptSecurity = 1u << 30;

    /// <summary>
    /// Switches SVM on for the executing processor (AMD APM vol 2 §15.4): EFER.SVME and the host save area. The host's page tables need EFER.NXE, too.
    /// </summary>
    public static void Enable(ProcessorData* processor)
    {
        Instructions.WriteMsr(Msr.Efer, new Efer(Instructions.ReadMsr(Msr.Efer)).WithSvmEnable(true).WithNoExecuteEnable(true).Value);
        Instructions.WriteMsr(Msr.HostSavePhysicalAddress, (ulong)processor - ProcessorBlock.Data + ProcessorBlock.HostSave);
        if (processor->Machine->HasRedirectInit)
        {
            Instructions.WriteMsr(Msr.VmCr, new VmCr(Instructions.ReadMsr(Msr.VmCr)).WithRedirectInit(true).Value);
        }
    }

    /// <summary>Whether INIT can be turned into #SX. VM_CR comes with SVM, but emulators leave the bit out: it is tried and put back.</summary>
    public static bool ProbeRedirectInit()
    {
        ulong before = Instructions.ReadMsr(Msr.VmCr);
        Instructions.WriteMsr(Msr.VmCr, new VmCr(before).WithRedirectInit(true).Value);
        bool present = new VmCr(Instructions.ReadMsr(Msr.VmCr)).RedirectInit;
        Instructions.WriteMsr(Msr.VmCr, before);
        return present;
    }

    /// <summary>Fills the control area.</summary>
    public static void WriteControls(ProcessorData* processor)
    {
        MachineData* machine = processor->Machine;
        Vmcb* vmcb = (Vmcb*)processor->GuestControl;
        vmcb->Intercepts1 = SvmIntercepts1.Nmi | SvmIntercepts1.Cpuid | SvmIntercepts1.Invd | SvmIntercepts1.Invlpga
            | SvmIntercepts1.IoProtection | SvmIntercepts1.MsrProtection | SvmIntercepts1.Shutdown;
        vmcb->Intercepts2 = SvmIntercepts2.SvmInstructions;
        vmcb->InterceptExceptions = InterceptGeneralProtection | (machine->HasRedirectInit ? InterceptSecurity : 0);
        vmcb->IoPermissionMap = machine->IoPermissionMap;
        vmcb->MsrPermissionMap = machine->MsrPermissionMap;
        vmcb->Asid = GuestAddressSpace;
        vmcb->TlbControl = SvmTlbControl.FlushAll;
        vmcb->NestedControl = NestedPagingEnable;
        ApicTrap.BuildWindow<SvmGuest>(processor);
    }

    /// <summary>Fills the state save area with what the processor is doing now, but for the registers that the launch stub knows.</summary>
    /// <param name="processor">The processor.</param>
    /// <param name="efer">EFER from before the host was enabled.</param>
    public static void CaptureState(ProcessorData* processor, Efer efer)
    {
        Vmcb* vmcb = (Vmcb*)processor->GuestControl;
        DescriptorTableRegister gdt;
        DescriptorTableRegister idt;
        Instructions.StoreGdt(&gdt);
        Instructions.StoreIdt(&idt);
        vmcb->Gdtr.Base = gdt.Base;
        vmcb->Gdtr.Limit = gdt.Limit;
        vmcb->Idtr.Base = idt.Base;
        vmcb->Idtr.Limit = idt.Limit;
        vmcb->Cs = Segment(RunningSegment.Read(gdt, SegmentName.Cs));
        vmcb->Ss = Segment(RunningSegment.Read(gdt, SegmentName.Ss));
        vmcb->Ds = Segment(RunningSegment.Read(gdt, SegmentName.Ds));
        vmcb->Es = Segment(RunningSegment.Read(gdt, SegmentName.Es));
        vmcb->Cr0 = Instructions.ReadCr0();
        vmcb->Cr2 = Instructions.ReadCr2();
        vmcb->Cr3 = Instructions.ReadCr3();
        vmcb->Cr4 = Instructions.ReadCr4();
        vmcb->Efer = efer.WithSvmEnable(true).Value; // as VMRUN demands (§15.5.1)
        vmcb->Dr6 = Instructions.ReadDr6();
        vmcb->Dr7 = Instructions.ReadDr7();
        vmcb->GuestPat = Instructions.ReadMsr(Msr.Pat);
        vmcb->Cpl = 0;
        Instructions.VmSave(processor->GuestControl);
    }

    /// <summary>Puts the guest into the state after SIPI, or at the reset vector (R-31; AMD APM vol 2 §14.1.3).</summary>
    public static void LoadStartupState(ProcessorData* processor, uint signature, StartPoint start)
    {
        Vmcb* vmcb = (Vmcb*)processor->GuestControl;
        InitState state = InitState.AfterStartup(new Cr0(vmcb->Cr0), signature, start);
        vmcb->Rax = 0;
        vmcb->Rsp = 0;
        vmcb->Rip = state.Rip;
        vmcb->RFlags = state.RFlags.Value;
        vmcb->Cs = Segment(state.Cs);
        vmcb->Ss = Segment(state.Data);
        vmcb->Ds = Segment(state.Data);
        vmcb->Es = Segment(state.Data);
        vmcb->Fs = Segment(state.Data);
        vmcb->Gs = Segment(state.Data);
        vmcb->Ldtr = Segment(state.LocalTable);
        vmcb->Tr = Segment(state.Task);
        vmcb->Gdtr = Table(state.GlobalTable);
        vmcb->Idtr = Table(state.InterruptTable);
        vmcb->Cr0 = state.Cr0.Value;
        vmcb->Cr2 = 0;
        vmcb->Cr3 = state.Cr3.Value;
        vmcb->Cr4 = state.Cr4.Value;
        vmcb->Efer = state.Efer.WithSvmEnable(true).Value;
        vmcb->Dr6 = InitState.Dr6;
        vmcb->Dr7 = InitState.Dr7;
        vmcb->DebugControl = InitState.DebugControl;
        vmcb->Cpl = 0;
        vmcb->InterruptShadow = 0;
        vmcb->EventInjection = 0;
        vmcb->ExitInterruptInfo = 0;
        vmcb->Intercepts1 &= ~SvmIntercepts1.Iret;
        vmcb->TlbControl = SvmTlbControl.FlushAll;
        vmcb->CleanBits = 0;
    }

    private static VmcbSegment Segment(SegmentState state) => new()
    {
        Selector = state.Selector.Value,
        Attributes = state.Attributes.Value,
        Limit = state.Limit,
        Base = state.Base,
    };

    private static VmcbSegment Table(DescriptorTableState state) => new() { Base = state.Base, Limit = state.Limit };
}
