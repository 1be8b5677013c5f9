using System.Runtime.CompilerServices;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Guest;

/// <summary>
/// What the guest sees of CPUID: the processor itself, less the virtualisation extension, and with the bits that mirror CR4 taken from the guest's
/// (R-50, R-53; AMD APM vol 3 appendix E, Intel SDM vol 2 CPUID).
/// </summary>
public static unsafe class CpuidPolicy
{
    private const uint FeatureLeaf = 1;
    private const uint StructuredFeatureLeaf = 7;
    private const uint VmxBit = 1u << 5;
    private const uint SmxBit = 1u << 6;
    private const uint OsXSaveBit = 1u << 27;
    private const uint OsProtectionKeysBit = 1u << 4;

    /// <summary>Makes what the processor answered what the guest shall see.</summary>
    /// <param name="leaf">Leaf asked for.</param>
    /// <param name="subleaf">Subleaf asked for.</param>
    /// <param name="processor">The processor: RAX, RBX, RCX and RDX of its guest hold the answer.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Adjust<TGuest>(uint leaf, uint subleaf, ProcessorData* processor)
        where TGuest : struct, IGuestProcessor
    {
        GuestRegisters* registers = &processor->Registers;
        if (leaf == FeatureLeaf)
        {
            registers->Rcx = ((uint)registers->Rcx & ~(VmxBit | SmxBit | OsXSaveBit)) | (new Cr4(TGuest.Cr4(processor)).OsXSave ? OsXSaveBit : 0);
        }
        else if (leaf == StructuredFeatureLeaf)
        {
            if (subleaf == 0)
            {
                registers->Rcx = ((uint)registers->Rcx & ~OsProtectionKeysBit) | (new Cr4(TGuest.Cr4(processor)).ProtectionKeys ? OsProtectionKeysBit : 0);
            }
        }
        else
        {
            TGuest.AdjustCpuid(leaf, processor);
        }

        HiddenFeatures.Clear(&processor->Machine->Hidden, leaf, subleaf, registers);
    }
}
