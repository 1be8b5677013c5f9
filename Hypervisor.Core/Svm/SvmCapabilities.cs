using System;
using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Svm;

/// <summary>What CPUID and VM_CR say about SVM (AMD APM vol 2 §15.4, vol 3 appendix E.4.9).</summary>
public readonly struct SvmCapabilities
{
    private const uint ExtendedLeafBase = 0x8000_0000;
    private const uint ExtendedFeatureLeaf = 0x8000_0001;
    private const uint AddressSizeLeaf = 0x8000_0008;
    private const uint SvmLeaf = 0x8000_000A;
    private const uint SvmBit = 1u << 2;
    private const uint GibibytePagesBit = 1u << 26;
    private const uint NoExecuteBit = 1u << 20;
    private const uint FastFxSaveBit = 1u << 25;
    private const uint LongModeBit = 1u << 29;
    private const uint TranslationCacheExtensionBit = 1u << 17;
    private const uint NestedPagingBit = 1u << 0;
    private const uint NextRipBit = 1u << 3;
    private const uint DecodeAssistsBit = 1u << 7;

    private const uint FeatureLeaf21 = 0x8000_0021;
    private const uint McommitBit = 1u << 8;
    private const uint InterruptibleWbinvdBit = 1u << 13;
    private const uint UpperAddressIgnoreBit = 1u << 7;
    private const uint AutomaticIbrsBit = 1u << 8;

    private SvmCapabilities(uint features, uint extendedEcx, uint extendedEdx, uint addressSizeEbx, uint leaf21Eax, int addressBits, bool hasSvm)
    {
        HasSvm = hasSvm;
        HasNestedPaging = (features & NestedPagingBit) != 0;
        HasNextRip = (features & NextRipBit) != 0;
        HasDecodeAssists = (features & DecodeAssistsBit) != 0;
        HasGibibytePages = (extendedEdx & GibibytePagesBit) != 0;
        PhysicalAddressBits = addressBits;
        EferAllowed = Efer.Supported(
            longMode: (extendedEdx & LongModeBit) != 0,
            noExecute: (extendedEdx & NoExecuteBit) != 0,
            fastFxSave: (extendedEdx & FastFxSaveBit) != 0,
            translationCacheExtension: (extendedEcx & TranslationCacheExtensionBit) != 0,
            mcommit: (addressSizeEbx & McommitBit) != 0,
            interruptibleWbinvd: (addressSizeEbx & InterruptibleWbinvdBit) != 0,
            upperAddressIgnore: (leaf21Eax & UpperAddressIgnoreBit) != 0,
            automaticIbrs: (leaf21Eax & AutomaticIbrsBit) != 0).Value;
    }

    /// <summary>Whether the processor has SVM.</summary>
    public bool HasSvm { get; }

    /// <summary>Whether it has nested paging.</summary>
    public bool HasNestedPaging { get; }

    /// <summary>Whether it saves the address of the next instruction.</summary>
    public bool HasNextRip { get; }

    /// <summary>Whether nested page faults come with instruction bytes.</summary>
    public bool HasDecodeAssists { get; }

    /// <summary>Whether it has 1 GiB pages.</summary>
    public bool HasGibibytePages { get; }

    /// <summary>Number of physical address bits.</summary>
    public int PhysicalAddressBits { get; }

    /// <summary>Bits of EFER a guest without SVM may set.</summary>
    public ulong EferAllowed { get; }

    /// <summary>Asks the executing processor.</summary>
    public static unsafe SvmCapabilities Read()
    {
        CpuidResult result;
        Instructions.Cpuid(ExtendedLeafBase, 0, &result);
        uint last = result.Eax;
        if (last < AddressSizeLeaf)
        {
            return default;
        }

        Instructions.Cpuid(ExtendedFeatureLeaf, 0, &result);
        uint ecx = result.Ecx;
        uint edx = result.Edx;
        Instructions.Cpuid(AddressSizeLeaf, 0, &result);
        int addressBits = (byte)result.Eax;
        uint addressSizeEbx = result.Ebx;
        uint features = 0;
        if (last >= SvmLeaf)
        {
            Instructions.Cpuid(SvmLeaf, 0, &result);
            features = result.Edx;
        }

        uint leaf21 = 0;
        if (last >= FeatureLeaf21)
        {
            Instructions.Cpuid(FeatureLeaf21, 0, &result);
            leaf21 = result.Eax;
        }

        return new SvmCapabilities(features, ecx, edx, addressSizeEbx, leaf21, addressBits, (ecx & SvmBit) != 0);
    }

    /// <summary>Why this processor cannot be used; empty when it can.</summary>
    public ReadOnlySpan<byte> Refusal()
    {
        if (!HasSvm)
        {
            return "this processor has no AMD-V (SVM), or another hypervisor hides it"u8;
        }

        if (new VmCr(Instructions.ReadMsr(Msr.VmCr)).SvmDisable)
        {
            return "AMD-V (SVM) is switched off and locked by the firmware: look for 'SVM' or 'virtualization' in its set-up"u8;
        }

        if (!HasNestedPaging)
        {
            return "this processor's AMD-V has no nested paging"u8;
        }

        return HasGibibytePages ? default : "this processor has no 1 GiB pages"u8;
    }
}
