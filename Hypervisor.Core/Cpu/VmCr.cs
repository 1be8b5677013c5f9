namespace Hypervisor.Core.Cpu;

/// <summary>VM_CR, MSR 0xC0010114: global controls of SVM (AMD).</summary>
/// <remarks>AMD APM vol 2 §15.30.1.</remarks>
/// <param name="value">The register as the processor holds it.</param>
public readonly struct VmCr(ulong value)
{
    private const ulong DebugPortDisableBit = 1UL << 0;
    private const ulong RedirectInitBit = 1UL << 1;
    private const ulong DisableA20MaskBit = 1UL << 2;
    private const ulong LockBit = 1UL << 3;
    private const ulong SvmDisableBit = 1UL << 4;

    /// <summary>The register as the processor holds it, all 64 bits.</summary>
    public ulong Value => value;

    /// <summary>Bit 0, DPD: the external debug port is off.</summary>
    public bool DebugPortDisable => (value & DebugPortDisableBit) != 0;

    /// <summary>Bit 1, R_INIT: INIT is turned into #SX.</summary>
    public bool RedirectInit => (value & RedirectInitBit) != 0;

    /// <summary>Bit 2, DIS_A20M: A20 masking is off.</summary>
    public bool DisableA20Mask => (value & DisableA20MaskBit) != 0;

    /// <summary>Bit 3, LOCK: this bit and SVMDIS cannot be written.</summary>
    public bool Lock => (value & LockBit) != 0;

    /// <summary>Bit 4, SVMDIS: EFER.SVME cannot be set.</summary>
    public bool SvmDisable => (value & SvmDisableBit) != 0;

    /// <summary>The same register with <see cref="RedirectInit"/> (bit 1) set or cleared.</summary>
    /// <param name="set">True for 1, false for 0.</param>
    /// <returns>The changed copy.</returns>
    public VmCr WithRedirectInit(bool set) => new(set ? value | RedirectInitBit : value & ~RedirectInitBit);
}
