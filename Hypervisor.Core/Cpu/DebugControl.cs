namespace Hypervisor.Core.Cpu;

/// <summary>IA32_DEBUGCTL, MSR 0x1D9.</summary>
/// <remarks>Intel SDM vol 3 §17.4.1; AMD APM vol 2 §13.1.1.6.</remarks>
/// <param name="value">The register as the processor holds it.</param>
public readonly struct DebugControl(ulong value)
{
    private const ulong BranchSingleStepBit = 1UL << 1;

    /// <summary>The register as the processor holds it, all 64 bits.</summary>
    public ulong Value => value;

    /// <summary>Bit 1, BTF: the trap flag stops at branches only.</summary>
    public bool BranchSingleStep => (value & BranchSingleStepBit) != 0;

    /// <summary>The same register with <see cref="BranchSingleStep"/> (bit 1) set or cleared.</summary>
    /// <param name="set">True for 1, false for 0.</param>
    /// <returns>The changed copy.</returns>
    public DebugControl WithBranchSingleStep(bool set) => new(set ? value | BranchSingleStepBit : value & ~BranchSingleStepBit);
}
