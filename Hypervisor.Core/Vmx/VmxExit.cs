using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Guest.Exits;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Vmx;

/// <summary>Every way out of a VMX guest, in the order of the exit reasons (Intel SDM vol 3 appendix C).</summary>
public static unsafe class VmxExit
{
    private const uint BasicReasonMask = 0xFFFF;

    /// <summary>
    /// CPUID and XSETBV, for which the exit stub saves as little as it can: nothing blocked, nobody tracing. Everything else is left to <see cref="Handle"/>.
    /// Neither this method nor what it calls may touch XMM registers: the guest's are still in them. The check after linking sees to it.
    /// </summary>
    /// <returns>Nonzero when the exit has been dealt with, 0 when nothing has been changed.</returns>
    public static uint TryFast(ProcessorData* processor, uint reason)
    {
        if (reason == (uint)VmxExitReason.Cpuid)
        {
            if (!VmxGuest.IsQuiet() || processor->Machine->CpuidClaimed != 0)
            {
                return 0;
            }

            uint leaf = (uint)processor->Registers.Rax;
            uint subleaf = Instructions.CpuidForGuest(&processor->Registers);
            CpuidPolicy.Adjust<VmxGuest>(leaf, subleaf, processor);
            VmxGuest.AdvanceQuietly(processor);
            processor->Exits.Count(ExitCause.Cpuid);
            return 1;
        }

        if (reason == (uint)VmxExitReason.Io)
        {
            PortAccess access = new VmxPortInfo(Vmcs.Read(VmcsFieldNatural.ExitQualification)).Access;
            if (!PortExits.HasShortWay(access) || !VmxGuest.IsQuiet() || !PortExits.TryAccess(processor, access, ref processor->Registers.Rax))
            {
                return 0;
            }

            VmxGuest.AdvanceQuietly(processor);
            return 1;
        }

        if (reason == (uint)VmxExitReason.Xsetbv && VmxGuest.IsQuiet() && InstructionExits.TryXsetbv(processor))
        {
            VmxGuest.AdvanceQuietly(processor);
            processor->Exits.Count(ExitCause.Xsetbv);
            return 1;
        }

        return 0;
    }

    /// <summary>Deals with any exit; the guest goes on when it returns.</summary>
    public static void Handle(ProcessorData* processor)
    {
        uint reason = Vmcs.Read(VmcsField32.ExitReason);
        VmxExitReason basic = (VmxExitReason)(reason & BasicReasonMask);
        if (VmxEntryFailure.IsFailure(reason))
        {
            VmxEntryFailure.ReportExit(processor);
        }
        else if (basic == VmxExitReason.Init)
        {
            VmxStartup.Init(processor); // before anything else
            return;
        }

        processor->Registers.Rsp = Vmcs.Read(VmcsFieldNatural.GuestRsp);
        processor->Trace.Add(reason, Vmcs.Read(VmcsFieldNatural.GuestRip), Vmcs.Read(VmcsFieldNatural.ExitQualification), Vmcs.Read(VmcsField64.GuestPhysicalAddress));
        Redeliver(basic);

        // A door stands open for one instruction only: any exit but the expected two means that it was not executed, or not finished.
        if (processor->Step.Active && basic is not (VmxExitReason.ExceptionOrNmi or VmxExitReason.EptViolation))
        {
            GuestDoors.Shut<VmxGuest>(processor);
        }

        if (basic is VmxExitReason.EptViolation or VmxExitReason.ControlRegister)
        {
            VmxGuest.ForgetSingleStep(); // where the instruction ends after all, it is noted again
        }

        processor->Exits.Count(Dispatch(processor, basic));
        VmxGuest.FlushIfNeeded(processor);
        VmxDeliberateFailure.Check(processor);
    }

    private static ExitCause Dispatch(ProcessorData* processor, VmxExitReason reason)
    {
        switch (reason)
        {
            case VmxExitReason.ExceptionOrNmi:
                return ExceptionOrNmi(processor);
            case VmxExitReason.TripleFault:
                Log.Write(LogLevel.Warning, processor->Index, "triple fault in the guest: the machine is reset"u8);
                MachineReset.Reset();
                return ExitCause.Shutdown;
            case VmxExitReason.Sipi:
                return VmxStartup.Sipi(processor);
            case VmxExitReason.NmiWindow:
                return VmxNmi.Window(processor);
            case VmxExitReason.TaskSwitch:
                return VmxTaskSwitch.Handle(processor);
            case VmxExitReason.Cpuid:
                return InstructionExits.Cpuid<VmxGuest>(processor);
            case VmxExitReason.Invd:
                return InstructionExits.Invd<VmxGuest>(processor);
            case VmxExitReason.Vmcall:
                return InstructionExits.HypercallInstruction<VmxGuest>(processor, VmxGuest.InstructionLength(processor));
            case VmxExitReason.Getsec:
            case >= VmxExitReason.Vmclear and <= VmxExitReason.Vmxon:
            case VmxExitReason.Invept:
            case VmxExitReason.Invvpid:
            case VmxExitReason.Vmfunc:
            case VmxExitReason.Seamcall:
            case VmxExitReason.Tdcall:
                return InstructionExits.Undefined<VmxGuest>(processor);
            case VmxExitReason.ControlRegister:
                return VmxControlRegisterExits.Handle(processor);
            case VmxExitReason.Io:
                return PortExits.Handle<VmxGuest>(
                    processor, new VmxPortInfo(Vmcs.Read(VmcsFieldNatural.ExitQualification)).Access, VmxGuest.InstructionLength(processor));
            case VmxExitReason.Rdmsr:
                return VmxMsrExits.Read(processor);
            case VmxExitReason.Wrmsr:
                return VmxMsrExits.Write(processor);
            case VmxExitReason.EptViolation:
                return EptViolation(processor);
            case VmxExitReason.EptMisconfiguration:
                FailFast.Stop("EPT misconfiguration: the host's tables are damaged"u8);
                return ExitCause.Other;
            case VmxExitReason.Xsetbv:
                return InstructionExits.Xsetbv<VmxGuest>(processor);
            default:
                return Unexpected(processor, reason);
        }
    }

    /// <summary>Exceptions exit only while an instruction is stepped. Any but the step's own #DB means that it was not finished.</summary>
    private static ExitCause ExceptionOrNmi(ProcessorData* processor)
    {
        GuestEvent arrived = GuestEvent.FromFields(Vmcs.Read(VmcsField32.ExitInterruptionInformation), 0);
        if (processor->Step.Active && (arrived.IsNmi || arrived.Vector != ExceptionVector.Debug))
        {
            GuestDoors.Shut<VmxGuest>(processor);
        }

        return arrived.IsNmi ? VmxNmi.Exited(processor) : VmxStep.Exception(processor);
    }

    /// <summary>An event whose delivery was interrupted by the exit is delivered again. Where an exception is raised, that takes its place.</summary>
    private static void Redeliver(VmxExitReason reason)
    {
        GuestEvent undelivered = GuestEvent.FromFields(Vmcs.Read(VmcsField32.IdtVectoringInformation), 0);
        if (!undelivered.IsValid || reason == VmxExitReason.TaskSwitch)
        {
            return;
        }

        if (undelivered.HasErrorCode)
        {
            undelivered = GuestEvent.FromFields(undelivered.Information, Vmcs.Read(VmcsField32.IdtVectoringErrorCode));
        }

        if (undelivered.IsSoftware)
        {
            Vmcs.Write(VmcsField32.EntryInstructionLength, Vmcs.Read(VmcsField32.ExitInstructionLength));
        }

        if (undelivered.IsNmi)
        {
            VmxInterruptibility state = (VmxInterruptibility)Vmcs.Read(VmcsField32.GuestInterruptibility);
            Vmcs.Write(VmcsField32.GuestInterruptibility, (uint)(state & ~VmxInterruptibility.BlockingByNmi));
        }

        VmxGuest.Inject(undelivered);
    }

    private static ExitCause EptViolation(ProcessorData* processor)
    {
        EptViolationQualification qualification = new(Vmcs.Read(VmcsFieldNatural.ExitQualification));
        bool delivering = GuestEvent.FromFields(Vmcs.Read(VmcsField32.IdtVectoringInformation), 0).IsValid;
        if (!delivering && qualification.NmiUnblocked)
        {
            // IRET had unblocked NMIs before it faulted: it will do so again (R-27, Intel SDM vol 3 §27.2.3).
            Vmcs.Write(VmcsField32.GuestInterruptibility, Vmcs.Read(VmcsField32.GuestInterruptibility) | (uint)VmxInterruptibility.BlockingByNmi);
        }

        if (processor->Step.ForDelivery && !delivering)
        {
            GuestDoors.Shut<VmxGuest>(processor); // the event has been delivered
        }

        return NestedFaults.Handle<VmxGuest>(processor, qualification.At(Vmcs.Read(VmcsField64.GuestPhysicalAddress)));
    }

    /// <summary>Nothing asks for these exits. One that comes all the same is named once, and the guest gets #UD.</summary>
    private static ExitCause Unexpected(ProcessorData* processor, VmxExitReason reason)
    {
        if (processor->Exits.Read(ExitCause.Other) == 0)
        {
            Log.Begin(LogLevel.Error, processor->Index).Text("exit reason "u8).Decimal((uint)reason).Text(" is not expected: #UD"u8).End();
        }

        GuestFault.RaiseUndefined<VmxGuest>(processor);
        return ExitCause.Other;
    }
}
