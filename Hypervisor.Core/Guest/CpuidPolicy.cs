using System.Runtime.CompilerServices;
using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Guest;

/// <summary>
/// What the guest sees of CPUID: the processor itself, less the virtualisation extension, and with the bits that mirror CR4 taken from the guest's
/// (R-50, R-53; AMD APM vol 3 appendix E, Intel SDM vol 2 CPUID).
/// </summary>
public static unsafe class CpuidPolicy
{
    private const uint FeatureLeaf = 1;
    private const uint StructuredFeatureLeaf = 7;
    private const uint ExtendedFeatureLeaf = 0x8000_0001;
    private const uint SvmLeaf = 0x8000_000A;
    private const uint VmxBit = 1u << 5;
    private const uint SmxBit = 1u << 6;
    private const uint OsXSaveBit = 1u << 27;
    private const uint OsProtectionKeysBit = 1u << 4;
    private const uint SvmBit = 1u << 2;

    /// <summary>CPUID as the guest sees it.</summary>
    /// <param name="leaf">EAX.</param>
    /// <param name="subleaf">ECX.</param>
    /// <param name="guestCr4">CR4 of the guest.</param>
    /// <param name="result">The four registers.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Execute(uint leaf, uint subleaf, Cr4 guestCr4, CpuidResult* result)
    {
        Instructions.Cpuid(leaf, subleaf, result);
        if (leaf == FeatureLeaf)
        {
            result->Ecx = (result->Ecx & ~(VmxBit | SmxBit | OsXSaveBit)) | (guestCr4.OsXSave ? OsXSaveBit : 0);
        }
        else if (leaf == StructuredFeatureLeaf)
        {
            if (subleaf == 0)
            {
                result->Ecx = (result->Ecx & ~OsProtectionKeysBit) | (guestCr4.ProtectionKeys ? OsProtectionKeysBit : 0);
            }
        }
        else if (leaf == ExtendedFeatureLeaf)
        {
            result->Ecx &= ~SvmBit;
        }
        else if (leaf == SvmLeaf)
        {
            *result = default;
        }
    }
}
