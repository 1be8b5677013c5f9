using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Guest.Exits;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;
using Hypervisor.Core.Memory.Mtrr;

namespace Hypervisor.Core.Vmx;

/// <summary>RDMSR and WRMSR of registers with a policy that only VMX needs; the others are <see cref="MsrPolicy"/>'s.</summary>
internal static unsafe class VmxMsrExits
{
    internal static ExitCause Read(ProcessorData* processor) =>
        MsrPolicy.Complete<VmxGuest>(processor, write: false, TryRead(processor, (uint)processor->Registers.Rcx));

    internal static ExitCause Write(ProcessorData* processor)
    {
        uint msr = (uint)processor->Registers.Rcx;
        if (msr == Msr.IntelMicrocodeUpdate)
        {
            return LoadMicrocode(processor);
        }

        bool done = msr switch
        {
            Msr.FeatureControl => false, // the guest reads it as locked
            Msr.SmmMonitorControl or (>= Msr.VmxBasic and <= Msr.VmxSecondaryExitControls) => false,
            _ when IsHiddenTrace(processor, msr) => false,
            _ => MsrPolicy.TryWrite<VmxGuest>(processor, msr, MsrPolicy.Operand(processor)),
        };
        if (done && MtrrState.Contains(msr))
        {
            VmxMemory.MtrrWritten(processor);
        }

        return MsrPolicy.Complete<VmxGuest>(processor, write: true, done);
    }

    private static bool IsHiddenTrace(ProcessorData* processor, uint msr) => processor->Machine->Hidden.Trace != 0 && VmxMsrBitmap.IsTrace(msr);

    /// <summary>In the guest the instruction would do nothing at all (Intel SDM vol 3 §25.3, WRMSR): the host loads the update in its place (C8, R-63).</summary>
    private static ExitCause LoadMicrocode(ProcessorData* processor)
    {
        PagingState paging = VmxGuest.Paging(processor);
        MicrocodeUpdateOutcome outcome = MicrocodeUpdate.Load(processor, paging, MsrPolicy.Operand(processor), out GuestPageFault fault);
        if (outcome == MicrocodeUpdateOutcome.PageFault)
        {
            Instructions.WriteCr2(fault.Address);
            VmxGuest.Raise(processor, GuestEvent.Exception(ExceptionVector.PageFault, fault.ErrorCode.Value));
            return ExitCause.MsrWrite;
        }

        return MsrPolicy.Complete<VmxGuest>(processor, write: true, done: outcome == MicrocodeUpdateOutcome.Done);
    }

    private static bool TryRead(ProcessorData* processor, uint msr)
    {
        switch (msr)
        {
            case Msr.FeatureControl:
                FeatureControl control = new(Instructions.ReadMsr(Msr.FeatureControl));
                MsrPolicy.SetResult(processor, control.WithLocked(true).WithVmxOutsideSmx(false).WithVmxInsideSmx(false).Value);
                return true;
            case Msr.SmmMonitorControl:
            case >= Msr.VmxBasic and <= Msr.VmxSecondaryExitControls:
                return false; // a processor without VMX does not have them
            default:
                return !IsHiddenTrace(processor, msr) && MsrPolicy.TryRead(processor, msr);
        }
    }
}
