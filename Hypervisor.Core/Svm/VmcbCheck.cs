using System;
using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Svm;

/// <summary>The conditions under which VMRUN refuses a VMCB (AMD APM vol 2 §15.5.1), in words.</summary>
public static unsafe class VmcbCheck
{
    private const int DefaultBigAttribute = 1 << 10;
    private const int LongModeAttribute = 1 << 9;

    /// <summary>What is wrong with a VMCB.</summary>
    /// <param name="vmcb">The VMCB.</param>
    /// <param name="eferAllowed">Bits of EFER that exist, SVME aside.</param>
    /// <returns>The first violation found; empty where there is none.</returns>
    public static ReadOnlySpan<byte> Violation(Vmcb* vmcb, ulong eferAllowed)
    {
        Efer efer = new(vmcb->Efer);
        Cr0 cr0 = new(vmcb->Cr0);
        bool longMode = efer.LongModeEnable && cr0.Paging;
        bool physicalAddressExtension = new Cr4(vmcb->Cr4).PhysicalAddressExtension;
        if (!efer.SvmEnable)
        {
            return "VMCB: EFER.SVME is 0"u8;
        }

        if ((efer.WithSvmEnable(false).Value & ~eferAllowed) != 0)
        {
            return "VMCB: EFER has reserved bits set"u8;
        }

        if (!cr0.CacheDisable && cr0.NotWriteThrough)
        {
            return "VMCB: CR0.NW is 1 without CR0.CD"u8;
        }

        if (vmcb->Cr0 >> 32 != 0 || vmcb->Dr6 >> 32 != 0 || vmcb->Dr7 >> 32 != 0)
        {
            return "VMCB: CR0, DR6 or DR7 has upper bits set"u8;
        }

        if (longMode && (!physicalAddressExtension || !cr0.ProtectionEnable))
        {
            return "VMCB: long mode without CR4.PAE or CR0.PE"u8;
        }

        if (longMode && (vmcb->Cs.Attributes & (LongModeAttribute | DefaultBigAttribute)) == (LongModeAttribute | DefaultBigAttribute))
        {
            return "VMCB: CS.L and CS.D are both 1"u8;
        }

        if ((vmcb->Intercepts2 & SvmIntercepts2.VmRun) == 0)
        {
            return "VMCB: VMRUN is not intercepted"u8;
        }

        return vmcb->Asid == 0 ? "VMCB: the address space identifier is 0"u8 : default;
    }
}
