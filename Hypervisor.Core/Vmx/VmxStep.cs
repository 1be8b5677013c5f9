using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Vmx;

/// <summary>
/// Lets the guest execute one instruction natively with a door open (see <see cref="GuestStep"/>) by the trap flag, as under SVM. The monitor trap flag would
/// serve, too, but not every emulator that advertises it has it (Bochs 2.7), and one way is enough.
/// </summary>
internal static unsafe class VmxStep
{
    private const uint InterceptAllExceptions = 0xFFFF_FFFF & ~(1u << 2);
    private const VmxInterruptibility Shadow = VmxInterruptibility.BlockingBySti | VmxInterruptibility.BlockingByMovSs;

    /// <summary>Makes the guest stop behind its next instruction.</summary>
    internal static void Begin(ProcessorData* processor)
    {
        if (GuestEvent.FromFields(Vmcs.Read(VmcsField32.EntryInterruptionInformation), 0).IsValid)
        {
            // The access is part of a delivery, which pushes the flags it finds, and is refused with IF 0 where it is an interrupt's (§26.3.1.4).
            if (processor->Step.Active)
            {
                TakeBack(processor);
            }

            processor->Step.ForDelivery = true;
            return;
        }

        RFlags flags = new(Vmcs.Read(VmcsFieldNatural.GuestRFlags));
        if (!processor->Step.Active)
        {
            processor->Step.GuestTrapFlag = flags.Trap;
            processor->Step.GuestInterruptFlag = flags.InterruptEnable;
            processor->Step.GuestDebugControl = Vmcs.Read(VmcsField64.GuestDebugControl);
        }

        // No interrupt may come between, so the shadow of STI or MOV SS is not missed; with it an entry would want a single step pending (§26.3.1.5).
        Vmcs.Write(VmcsFieldNatural.GuestRFlags, flags.WithTrap(true).WithInterruptEnable(false).Value);
        Vmcs.Write(VmcsField32.GuestInterruptibility, Vmcs.Read(VmcsField32.GuestInterruptibility) & ~(uint)Shadow);
        VmxGuest.ForgetSingleStep();
        Vmcs.Write(VmcsField64.GuestDebugControl, new DebugControl(processor->Step.GuestDebugControl).WithBranchSingleStep(false).Value);
        Vmcs.Write(VmcsField32.ExceptionBitmap, InterceptAllExceptions); // a fault of the instruction shuts the door too
    }

    /// <summary>Gives the guest its flags and exceptions back.</summary>
    internal static void TakeBack(ProcessorData* processor)
    {
        if (processor->Step.ForDelivery)
        {
            return;
        }

        RFlags flags = new(Vmcs.Read(VmcsFieldNatural.GuestRFlags));
        Vmcs.Write(VmcsField32.ExceptionBitmap, 0);
        Vmcs.Write(VmcsField64.GuestDebugControl, processor->Step.GuestDebugControl);
        if (flags.Trap) // else the instruction has loaded flags of its own (POPF, IRET)
        {
            Vmcs.Write(
                VmcsFieldNatural.GuestRFlags,
                flags.WithTrap(processor->Step.GuestTrapFlag).WithInterruptEnable(processor->Step.GuestInterruptFlag).Value);
        }
    }

    /// <summary>An exception of the instruction that is executed with a door open: the end of the step, or the guest's own.</summary>
    internal static ExitCause Exception(ProcessorData* processor)
    {
        uint information = Vmcs.Read(VmcsField32.ExitInterruptionInformation);
        GuestEvent exception = GuestEvent.FromFields(information, 0);
        if (exception.HasErrorCode)
        {
            exception = GuestEvent.FromFields(exception.Information, Vmcs.Read(VmcsField32.ExitInterruptionErrorCode));
        }

        if (exception.Vector == ExceptionVector.Debug)
        {
            return End(processor);
        }

        if (exception.Vector == ExceptionVector.PageFault)
        {
            Instructions.WriteCr2(Vmcs.Read(VmcsFieldNatural.ExitQualification));
        }

        if (exception.IsSoftware)
        {
            Vmcs.Write(VmcsField32.EntryInstructionLength, Vmcs.Read(VmcsField32.ExitInstructionLength));
        }

        if (new InterruptionInformation(information).NmiUnblocked)
        {
            // IRET had unblocked NMIs before it faulted.
            Vmcs.Write(VmcsField32.GuestInterruptibility, Vmcs.Read(VmcsField32.GuestInterruptibility) | (uint)VmxInterruptibility.BlockingByNmi);
        }

        VmxGuest.Raise(processor, GuestEvent.FromFields(exception.Information, exception.ErrorCode));
        return ExitCause.Step;
    }

    /// <summary>#DB while stepping: the instruction is done. The exit has not touched DR6 (Intel SDM vol 3 §27.1): what hit is in the exit qualification.</summary>
    private static ExitCause End(ProcessorData* processor)
    {
        VmxPendingDebug hit = (VmxPendingDebug)Vmcs.Read(VmcsFieldNatural.ExitQualification);
        bool guestTrap = processor->Step.GuestTrapFlag && !new DebugControl(processor->Step.GuestDebugControl).BranchSingleStep;
        GuestDoors.Shut<VmxGuest>(processor);
        VmxPendingDebug told = hit & (VmxPendingDebug.Breakpoints | (guestTrap ? VmxPendingDebug.SingleStep : VmxPendingDebug.None));
        if (told != VmxPendingDebug.None)
        {
            Instructions.WriteDr6((Instructions.ReadDr6() & ~(ulong)VmxPendingDebug.Breakpoints) | (ulong)told);
            VmxGuest.Raise(processor, GuestEvent.Exception(ExceptionVector.Debug));
        }

        return ExitCause.Step;
    }
}
