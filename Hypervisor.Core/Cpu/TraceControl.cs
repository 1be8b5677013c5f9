namespace Hypervisor.Core.Cpu;

/// <summary>IA32_RTIT_CTL, MSR 0x570: Processor Trace.</summary>
/// <remarks>Intel SDM vol 3 §32.2.8.2.</remarks>
/// <param name="value">The register as the processor holds it.</param>
public readonly struct TraceControl(ulong value)
{
    private const ulong EnableBit = 1UL << 0;

    /// <summary>The register as the processor holds it, all 64 bits.</summary>
    public ulong Value => value;

    /// <summary>Bit 0, TraceEn: packets are written.</summary>
    public bool Enable => (value & EnableBit) != 0;

    /// <summary>The same register with <see cref="Enable"/> (bit 0) set or cleared.</summary>
    /// <param name="set">True for 1, false for 0.</param>
    /// <returns>The changed copy.</returns>
    public TraceControl WithEnable(bool set) => new(set ? value | EnableBit : value & ~EnableBit);
}
