namespace Hypervisor.Core.Memory.Mtrr;

/// <summary>IA32_MTRRCAP, MSR 0xFE.</summary>
/// <remarks>Intel SDM vol 3 §11.11.1, figure 11-5; AMD APM vol 2 §7.7.1.</remarks>
/// <param name="value">The register as the processor holds it.</param>
public readonly struct MtrrCapability(ulong value)
{
    private const ulong VariableCountMask = 0xFF;
    private const ulong FixedBit = 1UL << 8;
    private const ulong WriteCombiningBit = 1UL << 10;
    private const ulong SystemManagementBit = 1UL << 11;

    /// <summary>The register as the processor holds it.</summary>
    public ulong Value => value;

    /// <summary>Bits 7:0, VCNT: number of variable-range registers.</summary>
    public int VariableCount => (int)(value & VariableCountMask);

    /// <summary>Bit 8, FIX: fixed-range registers exist.</summary>
    public bool HasFixed => (value & FixedBit) != 0;

    /// <summary>Bit 10, WC: write-combining exists.</summary>
    public bool HasWriteCombining => (value & WriteCombiningBit) != 0;

    /// <summary>Bit 11, SMRR: the system-management range exists. It is no variable-range register, and says nothing about memory outside SMM.</summary>
    public bool HasSystemManagementRange => (value & SystemManagementBit) != 0;
}
