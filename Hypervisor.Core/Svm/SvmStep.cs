using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Svm;

/// <summary>
/// Lets the guest execute one instruction natively with a door open (see <see cref="GuestStep"/>): SVM has no monitor trap, so the trap flag and #DB
/// serve (AMD APM vol 2 §13.1.4).
/// </summary>
internal static unsafe class SvmStep
{
    private const uint InterceptAllExceptions = 0xFFFF_FFFF & ~(1u << 2);
    private const byte DebugVector = 1;
    private const byte PageFaultVector = 14;
    private const ulong SingleStepBit = 1UL << 14;
    private const ulong BreakpointBits = 0xF;
    private const ulong Shadow = 1;

    /// <summary>Makes the guest stop behind its next instruction.</summary>
    internal static void Begin(ProcessorData* processor, Vmcb* vmcb)
    {
        if (!processor->Step.Active)
        {
            processor->Step.Active = true;
            processor->Step.GuestTrapFlag = new RFlags(vmcb->RFlags).Trap;
            processor->Step.GuestInterruptFlag = new RFlags(vmcb->RFlags).InterruptEnable;
            processor->Step.GuestDr6 = vmcb->Dr6;
            processor->Step.GuestIntercepts = vmcb->InterceptExceptions;
        }

        // No interrupt may come between: the flag keeps them out also where VMRUN does not look at the shadow (QEMU 7.2).
        vmcb->RFlags = new RFlags(vmcb->RFlags).WithTrap(true).WithInterruptEnable(false).Value;
        vmcb->InterceptExceptions = InterceptAllExceptions; // a fault of the instruction shuts the door too
        vmcb->InterruptShadow = Shadow; // no interrupt comes between
    }

    /// <summary>Shows a page of scratch memory at <paramref name="page"/>, which belongs to the host, for one instruction.</summary>
    /// <returns>False when the instruction touches more pages than an instruction can.</returns>
    internal static bool OpenProtectedPage(ProcessorData* processor, Vmcb* vmcb, ulong page)
    {
        GuestStep* step = &processor->Step;
        if (step->PageCount == GuestStep.MaximumPages)
        {
            return false;
        }

        step->Pages[step->PageCount++] = page;
        ShowProtectedPage(processor, page, processor->Machine->ScratchPage, NestedTables.Full);
        vmcb->TlbControl = SvmTlbControl.FlushAll;
        Begin(processor, vmcb);
        return true;
    }

    /// <summary>Lets all ports pass for one instruction.</summary>
    internal static void OpenPorts(ProcessorData* processor, Vmcb* vmcb)
    {
        processor->Step.PortsOpen = true;
        vmcb->IoPermissionMap = processor->Machine->OpenIoPermissionMap;
        Begin(processor, vmcb);
    }

    /// <summary>Lets this processor's writes to its local APIC page pass for one instruction.</summary>
    internal static void OpenApicPage(ProcessorData* processor, Vmcb* vmcb)
    {
        processor->Step.ApicOpen = true;
        *(PageTableEntry*)processor->ApicWindow.Entry = new PageTableEntry(processor->ApicWindow.Page, NestedTables.Full);
        vmcb->TlbControl = SvmTlbControl.FlushAll;
        Begin(processor, vmcb);
    }

    /// <summary>#DB while stepping: the instruction is done.</summary>
    internal static ExitCause End(ProcessorData* processor, Vmcb* vmcb)
    {
        bool guestTrap = processor->Step.GuestTrapFlag;
        bool iret = processor->Nmi.SteppingIret;
        if (!guestTrap)
        {
            vmcb->Dr6 = (vmcb->Dr6 & ~SingleStepBit) | (processor->Step.GuestDr6 & SingleStepBit);
        }

        ulong flags = vmcb->RFlags;
        Shut(processor, vmcb);
        if (iret)
        {
            vmcb->RFlags = flags; // IRET has loaded the guest's own
        }

        if (guestTrap || (vmcb->Dr6 & BreakpointBits) != 0)
        {
            SvmGuest.Raise(vmcb, DebugVector);
        }

        if (iret)
        {
            SvmNmi.IretDone(processor, vmcb);
        }

        return ExitCause.Step;
    }

    /// <summary>An exception of the instruction that is executed with a door open: it is the guest's own.</summary>
    internal static ExitCause Exception(Vmcb* vmcb)
    {
        byte vector = (byte)(vmcb->ExitCode - SvmExitCode.Exception0);
        if (vector == PageFaultVector)
        {
            vmcb->Cr2 = vmcb->ExitInfo2;
        }

        SvmGuest.Raise(vmcb, HasErrorCode(vector) ? SvmEvent.Exception(vector, (uint)vmcb->ExitInfo1) : SvmEvent.Exception(vector));
        return ExitCause.Step;
    }

    private static bool HasErrorCode(byte vector) => vector is 8 or 10 or 11 or 12 or 13 or PageFaultVector or 17 or 21 or 29 or 30;

    /// <summary>Shuts every door, and takes the trap flag back.</summary>
    internal static void Shut(ProcessorData* processor, Vmcb* vmcb)
    {
        GuestStep* step = &processor->Step;
        for (uint i = 0; i < step->PageCount; i++)
        {
            ShowProtectedPage(processor, step->Pages[i], processor->Machine->ZeroPage, NestedTables.ReadOnly);
        }

        if (step->PageCount != 0)
        {
            ulong* scratch = (ulong*)processor->Machine->ScratchPage;
            for (int i = 0; i < (int)PageSizes.Size4K / sizeof(ulong); i++)
            {
                scratch[i] = 0;
            }
        }

        if (step->ApicOpen && processor->ApicWindow.Entry != 0)
        {
            Guest.Startup.ApicTrap.Set(processor, processor->ApicWindow.Armed);
        }

        vmcb->IoPermissionMap = processor->Machine->IoPermissionMap;
        if (step->Active)
        {
            vmcb->InterceptExceptions = step->GuestIntercepts;
            vmcb->RFlags = new RFlags(vmcb->RFlags).WithTrap(step->GuestTrapFlag).WithInterruptEnable(step->GuestInterruptFlag).Value;
        }

        processor->Nmi.SteppingIret = false;
        vmcb->TlbControl = SvmTlbControl.FlushAll;
        *step = default;
    }

    private static void ShowProtectedPage(ProcessorData* processor, ulong page, ulong shown, PageFlags flags)
    {
        // The shared tables and, where the local APIC page lies in the same 1 GiB or 2 MiB, this processor's own copies.
        Set(processor->Machine->NestedRoot, page, shown, flags);
        Set(((Vmcb*)processor->GuestControl)->NestedCr3, page, shown, flags);
    }

    private static void Set(ulong root, ulong page, ulong shown, PageFlags flags)
    {
        PageTableEntry* entry = PageTables.Find(root, page, out PageLevel level);
        if (entry != null && level == PageLevel.Page4K)
        {
            *entry = new PageTableEntry(shown, flags);
        }
    }
}
