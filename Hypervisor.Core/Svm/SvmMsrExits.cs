using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest.Exits;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Svm;

/// <summary>RDMSR and WRMSR of registers with a policy that only SVM needs; the others are <see cref="MsrPolicy"/>'s.</summary>
internal static unsafe class SvmMsrExits
{
    private const ulong Write = 1;

    internal static ExitCause Handle(ProcessorData* processor, Vmcb* vmcb)
    {
        bool write = vmcb->ExitInfo1 == Write;
        uint msr = (uint)processor->Registers.Rcx;
        bool done = write ? TryWrite(processor, vmcb, msr, MsrPolicy.Operand(processor)) : TryRead(processor, vmcb, msr);
        return MsrPolicy.Complete<SvmGuest>(processor, write, done);
    }

    private static bool TryRead(ProcessorData* processor, Vmcb* vmcb, uint msr)
    {
        switch (msr)
        {
            case Msr.Efer:
                MsrPolicy.SetResult(processor, new Efer(vmcb->Efer).WithSvmEnable(false).Value);
                return true;
            case Msr.VmCr:
            case Msr.HostSavePhysicalAddress:
            case Msr.SvmKey:
                return false; // a processor without SVM does not have them
            default:
                return MsrPolicy.TryRead(processor, msr);
        }
    }

    private static bool TryWrite(ProcessorData* processor, Vmcb* vmcb, uint msr, ulong value)
    {
        switch (msr)
        {
            case Msr.Efer:
                return TryWriteEfer(processor, vmcb, new Efer(value));
            case Msr.VmCr:
            case Msr.HostSavePhysicalAddress:
            case Msr.SvmKey:
                return false;
            default:
                return MsrPolicy.TryWrite<SvmGuest>(processor, msr, value);
        }
    }

    /// <summary>EFER as a processor without SVM checks it (AMD APM vol 2 §3.1.7); LMA follows LME and CR0.PG by itself.</summary>
    private static bool TryWriteEfer(ProcessorData* processor, Vmcb* vmcb, Efer value)
    {
        Efer current = new(vmcb->Efer);
        if ((value.Value & ~processor->Machine->EferAllowed) != 0
            || (new Cr0(vmcb->Cr0).Paging && value.LongModeEnable != current.LongModeEnable))
        {
            return false;
        }

        vmcb->Efer = value.WithLongModeActive(current.LongModeActive).WithSvmEnable(true).Value;
        vmcb->TlbControl = SvmTlbControl.FlushAll; // NXE changes what translations mean
        return true;
    }
}
