using Hypervisor.Core.Cpu;

namespace Hypervisor.Guests.Probe.Checks;

/// <summary>
/// Clears what may differ between runs for good reason: APIC IDs, which depend on the processor that runs, and SVM and VMX with their kin, which the
/// hypervisor hides. A run on <c>-cpu EPYC,-svm</c> needs the second part of the mask as little as one behind the hypervisor.
/// </summary>
public static unsafe class CpuidMask
{
    private const uint InitialApicId = 0xFF00_0000;
    private const uint VmxBit = 1 << 5;
    private const uint SmxBit = 1 << 6;
    private const uint SvmBit = 1 << 2;
    private const uint SkinitBit = 1 << 12;

    /// <summary>Masks the answer to a leaf.</summary>
    public static void Apply(uint leaf, CpuidResult* result)
    {
        switch (leaf)
        {
            case 1:
                result->Ebx &= ~InitialApicId;
                result->Ecx &= ~(VmxBit | SmxBit);
                break;
            case 0xB:
                result->Edx = 0;
                break;
            case 0x8000_0001:
                result->Ecx &= ~(SvmBit | SkinitBit);
                break;
            case 0x8000_000A:
                *result = default;
                break;
            case 0x8000_001E:
                result->Eax = 0;
                result->Ebx &= ~0xFFu;
                result->Ecx &= ~0xFFu;
                break;
            default:
                break;
        }
    }
}
