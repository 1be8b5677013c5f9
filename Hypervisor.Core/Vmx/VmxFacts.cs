using Hypervisor.Core.Cpu;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Vmx;

/// <summary>Facts of the executing processor that VM entry checks against, asked for anew each time: they serve reports, not the exit path.</summary>
/// <remarks>Intel SDM vol 3 appendix A.</remarks>
public static unsafe class VmxFacts
{
    private const uint AddressSizeLeaf = 0x8000_0008;
    private const uint ExtendedFeatureLeaf = 0x8000_0001;
    private const int LinearBitsShift = 8;
    private const uint NoExecuteBit = 1u << 20;
    private const uint LongModeBit = 1u << 29;
    private const ulong TrueControlsBit = 1UL << 55;
    private const ulong AnyErrorCodeBit = 1UL << 56;
    private const ulong RevisionMask = 0x7FFF_FFFF;
    private const int ActivityStatesShift = 5; // bit 6 is HLT, state 1
    private const int Cr3TargetsShift = 16;
    private const uint Cr3TargetsMask = 0x1FF;
    private const ulong EmptyInstructionsBit = 1UL << 30;

    /// <summary>An MSR; 0 where it does not exist.</summary>
    public static ulong ReadMsr(uint msr)
    {
        ulong value;
        return Instructions.TryReadMsr(msr, &value) != 0 ? value : 0;
    }

    /// <summary>Width of a physical address.</summary>
    public static int PhysicalAddressBits => (byte)AddressSizes;

    /// <summary>Width of a linear address: 48, or 57 with five-level paging.</summary>
    public static int LinearAddressBits => (byte)(AddressSizes >> LinearBitsShift);

    /// <summary>VMCS revision identifier.</summary>
    public static uint Revision => (uint)(ReadMsr(Msr.VmxBasic) & RevisionMask);

    /// <summary>Any hardware exception may be injected with or without an error code.</summary>
    public static bool AnyErrorCode => (ReadMsr(Msr.VmxBasic) & AnyErrorCodeBit) != 0;

    /// <summary>What may be asked for in pin-based controls.</summary>
    public static ControlLimits Pin => Limits(Msr.VmxPinControls, Msr.VmxTruePinControls);

    /// <summary>What may be asked for in primary processor-based controls.</summary>
    public static ControlLimits Primary => Limits(Msr.VmxPrimaryControls, Msr.VmxTruePrimaryControls);

    /// <summary>What may be asked for in secondary processor-based controls.</summary>
    public static ControlLimits Secondary => new(ReadMsr(Msr.VmxSecondaryControls));

    /// <summary>What may be asked for in exit controls.</summary>
    public static ControlLimits Exit => Limits(Msr.VmxExitControls, Msr.VmxTrueExitControls);

    /// <summary>What may be asked for in entry controls.</summary>
    public static ControlLimits Entry => Limits(Msr.VmxEntryControls, Msr.VmxTrueEntryControls);

    /// <summary>The address has no bits that a physical address cannot have.</summary>
    public static bool IsPhysical(ulong address) => address >> PhysicalAddressBits == 0;

    /// <summary>The address is that of a whole page of physical memory.</summary>
    public static bool IsPage(ulong address) => IsPhysical(address) && IsAligned(address, PageSizes.Size4K);

    /// <summary>The address is a multiple of a power of two.</summary>
    public static bool IsAligned(ulong address, ulong alignment) => (address & (alignment - 1)) == 0;

    /// <summary>The upper bits of the address are copies of the highest bit that counts (Intel SDM vol 1 §3.3.7.1).</summary>
    public static bool IsCanonical(ulong address)
    {
        int unused = (sizeof(ulong) * 8) - LinearAddressBits;
        return (ulong)((long)(address << unused) >> unused) == address;
    }

    /// <summary>EFER bits that exist.</summary>
    public static Efer EferBits
    {
        get
        {
            CpuidResult features;
            Instructions.Cpuid(ExtendedFeatureLeaf, 0, &features);
            return Efer.Supported((features.Edx & LongModeBit) != 0, (features.Edx & NoExecuteBit) != 0, false, false, false, false, false, false);
        }
    }

    /// <summary>An activity state may be entered: IA32_VMX_MISC has a bit for each but the active one.</summary>
    public static bool HasActivityState(VmxActivityState state) =>
        state == VmxActivityState.Active || ((ReadMsr(Msr.VmxMiscellaneous) >> (ActivityStatesShift + (int)state)) & 1) != 0;

    /// <summary>Number of CR3 target values.</summary>
    public static uint Cr3Targets => (uint)(ReadMsr(Msr.VmxMiscellaneous) >> Cr3TargetsShift) & Cr3TargetsMask;

    /// <summary>Software events may be injected with an instruction length of 0.</summary>
    public static bool AllowsEmptyInstructions => (ReadMsr(Msr.VmxMiscellaneous) & EmptyInstructionsBit) != 0;

    /// <summary>Bits of a control register that are 0 but must be 1, or 1 but must be 0.</summary>
    /// <param name="value">The control register.</param>
    /// <param name="fixed0">MSR of the bits that must be 1.</param>
    /// <param name="fixed1">MSR of the bits that may be 1.</param>
    public static ulong FixedViolations(ulong value, uint fixed0, uint fixed1) => (ReadMsr(fixed0) & ~value) | (value & ~ReadMsr(fixed1));

    private static uint AddressSizes
    {
        get
        {
            CpuidResult sizes;
            Instructions.Cpuid(AddressSizeLeaf, 0, &sizes);
            return sizes.Eax;
        }
    }

    private static ControlLimits Limits(uint msr, uint trueMsr) => new(ReadMsr((ReadMsr(Msr.VmxBasic) & TrueControlsBit) != 0 ? trueMsr : msr));
}
