namespace Hypervisor.Core.Cpu;

/// <summary>IA32_FEATURE_CONTROL, MSR 0x3A: what the firmware lets a VMM use (Intel).</summary>
/// <remarks>Intel SDM vol 3 §23.7.</remarks>
/// <param name="value">The register as the processor holds it.</param>
public readonly struct FeatureControl(ulong value)
{
    private const ulong LockedBit = 1UL << 0;
    private const ulong VmxInsideSmxBit = 1UL << 1;
    private const ulong VmxOutsideSmxBit = 1UL << 2;

    /// <summary>The register as the processor holds it, all 64 bits.</summary>
    public ulong Value => value;

    /// <summary>Bit 0, the register cannot be written until reset.</summary>
    public bool Locked => (value & LockedBit) != 0;

    /// <summary>Bit 1, VMXON allowed in SMX operation.</summary>
    public bool VmxInsideSmx => (value & VmxInsideSmxBit) != 0;

    /// <summary>Bit 2, VMXON allowed outside SMX operation.</summary>
    public bool VmxOutsideSmx => (value & VmxOutsideSmxBit) != 0;

    /// <summary>The same register with <see cref="Locked"/> (bit 0) set or cleared.</summary>
    /// <param name="set">True for 1, false for 0.</param>
    /// <returns>The changed copy.</returns>
    public FeatureControl WithLocked(bool set) => new(set ? value | LockedBit : value & ~LockedBit);

    /// <summary>The same register with <see cref="VmxInsideSmx"/> (bit 1) set or cleared.</summary>
    /// <param name="set">True for 1, false for 0.</param>
    /// <returns>The changed copy.</returns>
    public FeatureControl WithVmxInsideSmx(bool set) => new(set ? value | VmxInsideSmxBit : value & ~VmxInsideSmxBit);

    /// <summary>The same register with <see cref="VmxOutsideSmx"/> (bit 2) set or cleared.</summary>
    /// <param name="set">True for 1, false for 0.</param>
    /// <returns>The changed copy.</returns>
    public FeatureControl WithVmxOutsideSmx(bool set) => new(set ? value | VmxOutsideSmxBit : value & ~VmxOutsideSmxBit);
}
