using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Guest.Decoding;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Svm;

/// <summary>Instructions of SVM that fault before their intercept.</summary>
internal static unsafe class SvmInstructionExits
{
    private const byte Group7 = 0x01;
    private const byte FirstSvmModRm = 0xD8;
    private const byte LastSvmModRm = 0xDF;
    private const byte VmmCallModRm = 0xD9;

    /// <summary>
    /// #GP. SVM instructions outside CPL 0 raise it before their intercept is looked at (AMD APM vol 2 §15.9), because EFER.SVME is set under the guest;
    /// on a processor without SVM they are undefined. Everything else is the guest's own.
    /// </summary>
    internal static ExitCause GeneralProtection(ProcessorData* processor, Vmcb* vmcb)
    {
        uint errorCode = (uint)vmcb->ExitInfo1;
        if (errorCode == 0 && vmcb->Cpl != 0 && !new GuestEvent(vmcb->ExitInterruptInfo).IsValid && IsSvmInstruction(processor))
        {
            GuestFault.RaiseUndefined<SvmGuest>(processor);
        }
        else
        {
            SvmGuest.Raise(processor, GuestEvent.Exception(ExceptionVector.GeneralProtection, errorCode));
        }

        return ExitCause.GeneralProtection;
    }

    private static bool IsSvmInstruction(ProcessorData* processor)
    {
        CodeBytes code;
        int count = SvmGuest.ReadCode(processor, code.Bytes);
        return InstructionLayout.TryParse(new System.ReadOnlySpan<byte>(code.Bytes, count), SvmGuest.Width(processor), NearBranchRule.Amd, out InstructionLayout layout)
            && layout.Map == OpcodeMap.Escape0F
            && layout.Opcode == Group7
            && layout.ModRm.Value is >= FirstSvmModRm and <= LastSvmModRm and not VmmCallModRm;
    }
}
