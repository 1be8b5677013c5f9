using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Svm;

/// <summary>
/// Lets the guest execute one instruction natively with a door open (see <see cref="GuestStep"/>): SVM has no monitor trap, so the trap flag and #DB
/// serve (AMD APM vol 2 §13.1.4).
/// </summary>
internal static unsafe class SvmStep
{
    private const uint InterceptAllExceptions = 0xFFFF_FFFF & ~(1u << 2);
    private const ulong SingleStepBit = 1UL << 14;
    private const ulong BreakpointBits = 0xF;
    private const ulong Shadow = 1;

    /// <summary>Makes the guest stop behind its next instruction.</summary>
    internal static void Begin(ProcessorData* processor, Vmcb* vmcb)
    {
        if (new GuestEvent(vmcb->ExitInterruptInfo).IsValid)
        {
            // The access is part of a delivery, which pushes the flags it finds and clears TF: no trap comes behind it, and the flags then are the handler's.
            if (processor->Step.Active)
            {
                TakeBack(processor, vmcb);
            }

            processor->Step.ForDelivery = true;
            return;
        }

        if (!processor->Step.Active)
        {
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
        GuestDoors.Shut<SvmGuest>(processor);
        if (iret)
        {
            vmcb->RFlags = flags; // IRET has loaded the guest's own
        }

        if (guestTrap || (vmcb->Dr6 & BreakpointBits) != 0)
        {
            SvmGuest.Raise(processor, GuestEvent.Exception(ExceptionVector.Debug));
        }

        if (iret)
        {
            SvmNmi.IretDone(processor, vmcb);
        }

        return ExitCause.Step;
    }

    /// <summary>An exception of the instruction that is executed with a door open: it is the guest's own.</summary>
    internal static ExitCause Exception(ProcessorData* processor, Vmcb* vmcb)
    {
        byte vector = (byte)(vmcb->ExitCode - SvmExitCode.Exception0);
        if (vector == ExceptionVector.PageFault)
        {
            vmcb->Cr2 = vmcb->ExitInfo2;
        }

        SvmGuest.Raise(processor, HasErrorCode(vector) ? GuestEvent.Exception(vector, (uint)vmcb->ExitInfo1) : GuestEvent.Exception(vector));
        return ExitCause.Step;
    }

    private static bool HasErrorCode(byte vector) => vector is 8 or 10 or 11 or 12 or 13 or ExceptionVector.PageFault or 17 or 21 or 29 or 30;

    /// <summary>Gives the guest its flags and exceptions back.</summary>
    internal static void TakeBack(ProcessorData* processor, Vmcb* vmcb)
    {
        if (processor->Step.ForDelivery)
        {
            return;
        }

        vmcb->InterceptExceptions = processor->Step.GuestIntercepts;
        RFlags flags = new(vmcb->RFlags);
        if (flags.Trap) // else the instruction has loaded flags of its own (POPF, IRET)
        {
            vmcb->RFlags = flags.WithTrap(processor->Step.GuestTrapFlag).WithInterruptEnable(processor->Step.GuestInterruptFlag).Value;
        }
    }
}
