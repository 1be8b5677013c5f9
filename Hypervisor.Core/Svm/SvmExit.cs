using System;
using System.Runtime.CompilerServices;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Guest.Exits;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Svm;

/// <summary>Every way out of an SVM guest, in the order of the exit codes (AMD APM vol 2 appendix C).</summary>
public static unsafe class SvmExit
{
    private const uint VmmCallLength = 3;

    /// <summary>
    /// CPUID, for which the exit stub saves as little as it can: in 64-bit code, without prefixes, no tracing. Everything else is left to <see cref="Handle"/>.
    /// Neither this method nor what it calls may touch XMM registers: the guest's are still in them. The check after linking sees to it.
    /// </summary>
    /// <returns>Nonzero when the exit has been dealt with, 0 when nothing has been changed.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint TryCpuid(ProcessorData* processor, Vmcb* vmcb)
    {
        if (!SvmGuest.IsPlain64Bit(vmcb) || processor->Machine->CpuidClaimed != 0)
        {
            return 0;
        }

        ulong next = vmcb->NextRip;
        if (!processor->Machine->HasNextRip)
        {
            if (!SvmGuest.HasNoPrefix(processor, vmcb))
            {
                return 0;
            }

            next = vmcb->Rip + SvmGuest.PlainLength;
        }

        processor->Registers.Rax = vmcb->Rax;
        uint subleaf = Instructions.CpuidForGuest(&processor->Registers);
        CpuidPolicy.Adjust<SvmGuest>((uint)vmcb->Rax, subleaf, processor);
        vmcb->Rax = processor->Registers.Rax;
        vmcb->Rip = next;
        vmcb->InterruptShadow = 0;
        vmcb->EventInjection = 0;
        vmcb->CleanBits = SvmGuest.NothingChanged;
        vmcb->TlbControl = SvmTlbControl.None;
        processor->Exits.Count(ExitCause.Cpuid);
        return 1;
    }

    /// <summary>IN and OUT, for which the exit stub saves as little as for CPUID.</summary>
    /// <returns>Nonzero when the exit has been dealt with, 0 when nothing has been changed.</returns>
    public static uint TryPort(ProcessorData* processor, Vmcb* vmcb)
    {
        PortAccess access = PortAccess.FromSvm(vmcb->ExitInfo1);
        if (!PortExits.HasShortWay(access) || !SvmGuest.IsPlain64Bit(vmcb) || !PortExits.TryAccess(processor, access, ref vmcb->Rax))
        {
            return 0;
        }

        vmcb->Rip = vmcb->ExitInfo2; // the next instruction (AMD APM vol 2 §15.10.2)
        vmcb->InterruptShadow = 0;
        vmcb->EventInjection = 0;
        vmcb->CleanBits = SvmGuest.NothingChanged;
        vmcb->TlbControl = SvmTlbControl.None;
        return 1;
    }

    /// <summary>Deals with any exit; the guest goes on when it returns.</summary>
    public static void Handle(ProcessorData* processor, Vmcb* vmcb)
    {
        vmcb->CleanBits = 0;
        vmcb->TlbControl = SvmTlbControl.None;
        processor->Registers.Rax = vmcb->Rax;
        processor->Registers.Rsp = vmcb->Rsp;
        processor->Trace.Add((ulong)vmcb->ExitCode, vmcb->Rip, vmcb->ExitInfo1, vmcb->ExitInfo2);
        DeliberateFault.Check(processor);

        // An event whose delivery was interrupted is delivered again, unless the instruction that raised it is executed again.
        GuestEvent undelivered = new(vmcb->ExitInterruptInfo);
        vmcb->EventInjection = undelivered.IsValid && !undelivered.IsSoftware ? undelivered.Value : 0;

        // A door stands open for one instruction only: any exit but the expected two means that it was not executed, or not finished.
        // Behind a delivery every exit means that: the event has been delivered, unless it is being delivered still.
        bool interrupted = processor->Step.Active
            && (processor->Step.ForDelivery ? !undelivered.IsValid : vmcb->ExitCode is not (SvmExitCode.ExceptionDb or SvmExitCode.NestedPageFault));
        if (interrupted)
        {
            GuestDoors.Shut<SvmGuest>(processor);
        }

        processor->Exits.Count(Dispatch(processor, vmcb));
        if (interrupted)
        {
            SvmNmi.StepAgain(processor, vmcb);
        }

        vmcb->Rax = processor->Registers.Rax;
        vmcb->Rsp = processor->Registers.Rsp;
        if (processor->ApicWindow.FlushNeeded)
        {
            processor->ApicWindow.FlushNeeded = false;
            vmcb->TlbControl = SvmTlbControl.FlushAll;
        }
    }

    private static ExitCause Dispatch(ProcessorData* processor, Vmcb* vmcb)
    {
        switch (vmcb->ExitCode)
        {
            case SvmExitCode.ExceptionDb:
                return SvmStep.End(processor, vmcb);
            case SvmExitCode.ExceptionGp:
                return SvmInstructionExits.GeneralProtection(processor, vmcb);
            case SvmExitCode.ExceptionSx:
                return SvmStartup.RedirectedInit(processor, vmcb);
            case SvmExitCode.Nmi:
                return SvmNmi.Arrived(processor, vmcb);
            case SvmExitCode.Cpuid:
                return InstructionExits.Cpuid<SvmGuest>(processor);
            case SvmExitCode.Iret:
                return SvmNmi.Iret(processor, vmcb);
            case SvmExitCode.Invd:
                return InstructionExits.Invd<SvmGuest>(processor);
            case SvmExitCode.Io:
                return PortExits.Handle<SvmGuest>(processor, PortAccess.FromSvm(vmcb->ExitInfo1), (uint)(vmcb->ExitInfo2 - vmcb->Rip));
            case SvmExitCode.Msr:
                return SvmMsrExits.Handle(processor, vmcb);
            case SvmExitCode.Shutdown:
                Log.Write(LogLevel.Warning, processor->Index, "triple fault in the guest: the machine is reset"u8);
                MachineReset.Reset();
                return ExitCause.Shutdown;
            case SvmExitCode.VmmCall:
                return InstructionExits.HypercallInstruction<SvmGuest>(
                    processor, processor->Machine->HasNextRip ? (uint)(vmcb->NextRip - vmcb->Rip) : VmmCallLength);
            case SvmExitCode.Invlpga:
            case SvmExitCode.VmRun:
            case SvmExitCode.VmLoad:
            case SvmExitCode.VmSave:
            case SvmExitCode.Stgi:
            case SvmExitCode.Clgi:
            case SvmExitCode.Skinit:
                return InstructionExits.Undefined<SvmGuest>(processor);
            case SvmExitCode.NestedPageFault:
                return NestedFaults.Handle<SvmGuest>(processor, new SvmNestedFaultInfo(vmcb->ExitInfo1).At(vmcb->ExitInfo2));
            case SvmExitCode.Invalid:
            case SvmExitCode.EmulatorRefusal:
                return Invalid(processor, vmcb);
            case > SvmExitCode.Exception0 and <= SvmExitCode.ExceptionLast:
                return SvmStep.Exception(processor, vmcb);
            default:
                // Nothing else is intercepted. A code that comes all the same is a newer processor's: it is named once and the guest gets #UD.
                if (processor->Exits.Read(ExitCause.Other) == 0)
                {
                    Log.Begin(LogLevel.Error, processor->Index).Text("exit code "u8).Hex((ulong)vmcb->ExitCode).Text(" is not known: #UD"u8).End();
                }

                GuestFault.RaiseUndefined<SvmGuest>(processor);
                return ExitCause.Other;
        }
    }

    /// <summary>
    /// VMRUN refused the VMCB: a defect of the host, and the report says which. Where nothing is wrong with it, an emulator means something else: QEMU reports a MOV
    /// to CR3 or CR4 with reserved bits this way, which processors answer with #GP by themselves.
    /// </summary>
    private static ExitCause Invalid(ProcessorData* processor, Vmcb* vmcb)
    {
        ReadOnlySpan<byte> violation = VmcbCheck.Violation(vmcb, processor->Machine->EferAllowed);
        if (violation.Length != 0)
        {
            FailFast.Stop(violation);
        }

        GuestFault.RaiseGeneralProtection<SvmGuest>(processor);
        return ExitCause.GeneralProtection;
    }
}
