using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Memory.Mtrr;

/// <summary>IA32_MTRR_DEF_TYPE, MSR 0x2FF.</summary>
/// <remarks>Intel SDM vol 3 §11.11.2.1, figure 11-6; AMD APM vol 2 §7.7.2.</remarks>
/// <param name="value">The register as the processor holds it.</param>
public readonly struct MtrrDefaultType(ulong value)
{
    private const ulong FixedEnableBit = 1UL << 10;
    private const ulong EnableBit = 1UL << 11;

    /// <summary>The register as the processor holds it.</summary>
    public ulong Value => value;

    /// <summary>Bits 7:0: type of what no register covers.</summary>
    public MemoryType Type => MtrrTypes.Decode((byte)value);

    /// <summary>Bit 10, FE: the fixed-range registers count, where <see cref="Enabled"/> is set too.</summary>
    public bool FixedEnabled => (value & FixedEnableBit) != 0;

    /// <summary>Bit 11, E: MTRRs count. Without it all memory is uncacheable.</summary>
    public bool Enabled => (value & EnableBit) != 0;
}
