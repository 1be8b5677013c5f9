using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest.Decoding;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Svm;

/// <summary>Instructions without a device behind them.</summary>
internal static unsafe class SvmInstructionExits
{
    private const uint VmmCallLength = 3;
    private const byte GeneralProtectionVector = 13;
    private const byte TwoByteEscape = 0x0F;
    private const byte Group7 = 0x01;
    private const byte FirstSvmModRm = 0xD8;
    private const byte LastSvmModRm = 0xDF;
    private const byte VmmCallModRm = 0xD9;

    /// <summary>INVD would throw away what the host has written: its modified lines are written back instead (C9).</summary>
    internal static ExitCause Invd(ProcessorData* processor, Vmcb* vmcb)
    {
        Instructions.WriteBackInvalidate();
        SvmGuest.Advance(vmcb, SvmGuest.InstructionLength(processor, vmcb));
        return ExitCause.Invd;
    }

    /// <summary>VMMCALL: a call with the right signature is the host's own interface; any other is #UD (C11).</summary>
    internal static ExitCause VmmCall(ProcessorData* processor, Vmcb* vmcb)
    {
        if (Hypercall.Handle(processor, vmcb->Cpl, vmcb->Rip))
        {
            SvmGuest.Advance(vmcb, processor->Machine->HasNextRip ? (uint)(vmcb->NextRip - vmcb->Rip) : VmmCallLength);
        }
        else
        {
            SvmGuest.RaiseUndefined(vmcb);
        }

        return ExitCause.Hypercall;
    }

    /// <summary>
    /// #GP. SVM instructions outside CPL 0 raise it before their intercept is looked at (AMD APM vol 2 §15.9), because EFER.SVME is set under the guest;
    /// on a processor without SVM they are undefined. Everything else is the guest's own.
    /// </summary>
    internal static ExitCause GeneralProtection(ProcessorData* processor, Vmcb* vmcb)
    {
        uint errorCode = (uint)vmcb->ExitInfo1;
        if (errorCode == 0 && vmcb->Cpl != 0 && !new SvmEvent(vmcb->ExitInterruptInfo).IsValid && IsSvmInstruction(processor, vmcb))
        {
            SvmGuest.RaiseUndefined(vmcb);
        }
        else
        {
            SvmGuest.Raise(vmcb, SvmEvent.Exception(GeneralProtectionVector, errorCode));
        }

        return ExitCause.GeneralProtection;
    }

    private static bool IsSvmInstruction(ProcessorData* processor, Vmcb* vmcb)
    {
        CodeBytes code;
        int count = SvmGuest.ReadCode(processor, vmcb, code.Bytes);
        return InstructionLayout.TryParse(new System.ReadOnlySpan<byte>(code.Bytes, count), SvmGuest.Width(vmcb), NearBranchRule.Amd, out InstructionLayout layout)
            && layout.Map == OpcodeMap.Escape0F
            && layout.Opcode == Group7
            && layout.ModRm.Value is >= FirstSvmModRm and <= LastSvmModRm and not VmmCallModRm;
    }
}
