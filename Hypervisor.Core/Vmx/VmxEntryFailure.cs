using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Vmx;

/// <summary>What the host says before it stops because a VM entry failed: a defect of the host, never of the guest.</summary>
public static unsafe class VmxEntryFailure
{
    /// <summary>Bit 31 of the exit reason: the exit is an entry that failed (Intel SDM vol 3 §24.9.1).</summary>
    public const uint FailureBit = 1u << 31;

    private const uint BasicReasonMask = 0xFFFF;
    private const ulong PaePointers = 2;
    private const ulong NmiInShadow = 3;
    private const ulong LinkPointer = 4;

    /// <summary>Whether an exit reason says that the entry failed.</summary>
    public static bool IsFailure(uint exitReason) => (exitReason & FailureBit) != 0;

    /// <summary>Reports an entry that came back as an exit with bit 31 of its reason set (Intel SDM vol 3 §26.8). Stops the processor.</summary>
    public static void ReportExit(ProcessorData* processor)
    {
        if (IsFirst(processor))
        {
            uint reason = Vmcs.ReadOrZero(VmcsField32.ExitReason);
            ulong qualification = Vmcs.ReadOrZero(VmcsFieldNatural.ExitQualification);
            Line(processor).Text("*** hv: VM entry failed: "u8).Text(Reason(reason)).Text(" (exit reason "u8).Hex(reason)
                .Text("), qualification "u8).Hex(qualification).Text(Detail(reason, qualification)).End();
            Finish(processor);
        }

        Instructions.Halt();
    }

    /// <summary>Reports VMLAUNCH or VMRESUME that ended in VMfail (Intel SDM vol 3 §30.2). Stops the processor.</summary>
    public static void ReportInstruction(ProcessorData* processor)
    {
        if (IsFirst(processor))
        {
            VmxInstructionError error = (VmxInstructionError)Vmcs.ReadOrZero(VmcsField32.InstructionError);
            Line(processor).Text("*** hv: VM entry failed: "u8).Text(VmxInstructionErrorText.Of(error)).Text(" (instruction error "u8).Decimal((uint)error).Text(")"u8).End();
            Finish(processor);
        }

        Instructions.Halt();
    }

    /// <summary>One report is enough, and another processor's must not be mixed into it.</summary>
    private static bool IsFirst(ProcessorData* processor)
    {
        bool first = Instructions.Exchange(&processor->Machine->FaultReported, 1) == 0;
        if (first)
        {
            Log.Break();
        }

        return first;
    }

    private static void Finish(ProcessorData* processor)
    {
        VmcsViolation violation = VmcsCheck.Violation();
        if (violation.Exists)
        {
            Line(processor).Text("    failing check: "u8).Text(violation.Field).Text(": "u8).Text(violation.Rule).End();
        }
        else
        {
            Line(processor).Text("    failing check: none of those known"u8).End();
        }

        VmcsDump.Write(processor);
        FaultReport.WriteTrace(processor);
        FaultReport.WriteEnd(processor);
    }

    private static ReadOnlySpan<byte> Reason(uint reason) => (VmxExitReason)(reason & BasicReasonMask) switch
    {
        VmxExitReason.InvalidGuestState => "invalid guest state"u8,
        VmxExitReason.MsrLoading => "loading of MSRs"u8,
        VmxExitReason.MachineCheckDuringEntry => "machine check during the entry"u8,
        _ => "a reason without a name"u8,
    };

    private static ReadOnlySpan<byte> Detail(uint reason, ulong qualification) => (VmxExitReason)(reason & BasicReasonMask) switch
    {
        VmxExitReason.InvalidGuestState when qualification == PaePointers => ", page-directory pointers"u8,
        VmxExitReason.InvalidGuestState when qualification == NmiInShadow => ", an NMI in the shadow of STI"u8,
        VmxExitReason.InvalidGuestState when qualification == LinkPointer => ", the VMCS link pointer"u8,
        VmxExitReason.MsrLoading => ", number of the entry in the list"u8,
        _ => default,
    };

    private static LogLine Line(ProcessorData* processor) => Log.Begin(LogLevel.Error, processor->Index);
}
