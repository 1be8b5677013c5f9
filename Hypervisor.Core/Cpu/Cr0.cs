namespace Hypervisor.Core.Cpu;

/// <summary>Control register 0: the modes of the processor.</summary>
/// <remarks>Intel SDM vol 3 §2.5; AMD APM vol 2 §3.1.1.</remarks>
/// <param name="value">The register as the processor holds it.</param>
public readonly struct Cr0(ulong value)
{
    private const ulong ProtectionEnableBit = 1UL << 0;
    private const ulong MonitorCoprocessorBit = 1UL << 1;
    private const ulong EmulationBit = 1UL << 2;
    private const ulong TaskSwitchedBit = 1UL << 3;
    private const ulong ExtensionTypeBit = 1UL << 4;
    private const ulong NumericErrorBit = 1UL << 5;
    private const ulong WriteProtectBit = 1UL << 16;
    private const ulong AlignmentMaskBit = 1UL << 18;
    private const ulong NotWriteThroughBit = 1UL << 29;
    private const ulong CacheDisableBit = 1UL << 30;
    private const ulong PagingBit = 1UL << 31;

    /// <summary>The register as the processor holds it, all 64 bits.</summary>
    public ulong Value => value;

    /// <summary>Bit 0, PE: protected mode; 0 is real mode.</summary>
    public bool ProtectionEnable => (value & ProtectionEnableBit) != 0;

    /// <summary>Bit 1, MP: WAIT obeys <see cref="TaskSwitched"/>.</summary>
    public bool MonitorCoprocessor => (value & MonitorCoprocessorBit) != 0;

    /// <summary>Bit 2, EM: x87 instructions fault, there is no x87 unit.</summary>
    public bool Emulation => (value & EmulationBit) != 0;

    /// <summary>Bit 3, TS: the floating-point state may belong to another task.</summary>
    public bool TaskSwitched => (value & TaskSwitchedBit) != 0;

    /// <summary>Bit 4, ET: always 1 on every 64-bit processor.</summary>
    public bool ExtensionType => (value & ExtensionTypeBit) != 0;

    /// <summary>Bit 5, NE: x87 errors are reported as #MF. VMX operation demands it (SDM vol 3 §23.8).</summary>
    public bool NumericError => (value & NumericErrorBit) != 0;

    /// <summary>Bit 16, WP: supervisor writes obey read-only pages.</summary>
    public bool WriteProtect => (value & WriteProtectBit) != 0;

    /// <summary>Bit 18, AM: user-mode alignment checks may be turned on by RFLAGS.AC.</summary>
    public bool AlignmentMask => (value & AlignmentMaskBit) != 0;

    /// <summary>Bit 29, NW: with <see cref="CacheDisable"/>, how the caches treat writes. INIT keeps it.</summary>
    public bool NotWriteThrough => (value & NotWriteThroughBit) != 0;

    /// <summary>Bit 30, CD: no new lines enter the caches. INIT keeps it.</summary>
    public bool CacheDisable => (value & CacheDisableBit) != 0;

    /// <summary>Bit 31, PG: paging is on.</summary>
    public bool Paging => (value & PagingBit) != 0;

    /// <summary>The same register with <see cref="ProtectionEnable"/> (bit 0) set or cleared.</summary>
    /// <param name="set">True for 1, false for 0.</param>
    /// <returns>The changed copy.</returns>
    public Cr0 WithProtectionEnable(bool set) => new(set ? value | ProtectionEnableBit : value & ~ProtectionEnableBit);

    /// <summary>The same register with <see cref="TaskSwitched"/> (bit 3) set or cleared.</summary>
    /// <param name="set">True for 1, false for 0.</param>
    /// <returns>The changed copy.</returns>
    public Cr0 WithTaskSwitched(bool set) => new(set ? value | TaskSwitchedBit : value & ~TaskSwitchedBit);

    /// <summary>The same register with <see cref="ExtensionType"/> (bit 4) set or cleared.</summary>
    /// <param name="set">True for 1, false for 0.</param>
    /// <returns>The changed copy.</returns>
    public Cr0 WithExtensionType(bool set) => new(set ? value | ExtensionTypeBit : value & ~ExtensionTypeBit);

    /// <summary>The same register with <see cref="NumericError"/> (bit 5) set or cleared.</summary>
    /// <param name="set">True for 1, false for 0.</param>
    /// <returns>The changed copy.</returns>
    public Cr0 WithNumericError(bool set) => new(set ? value | NumericErrorBit : value & ~NumericErrorBit);

    /// <summary>The same register with <see cref="WriteProtect"/> (bit 16) set or cleared.</summary>
    /// <param name="set">True for 1, false for 0.</param>
    /// <returns>The changed copy.</returns>
    public Cr0 WithWriteProtect(bool set) => new(set ? value | WriteProtectBit : value & ~WriteProtectBit);

    /// <summary>The same register with <see cref="NotWriteThrough"/> (bit 29) set or cleared.</summary>
    /// <param name="set">True for 1, false for 0.</param>
    /// <returns>The changed copy.</returns>
    public Cr0 WithNotWriteThrough(bool set) => new(set ? value | NotWriteThroughBit : value & ~NotWriteThroughBit);

    /// <summary>The same register with <see cref="CacheDisable"/> (bit 30) set or cleared.</summary>
    /// <param name="set">True for 1, false for 0.</param>
    /// <returns>The changed copy.</returns>
    public Cr0 WithCacheDisable(bool set) => new(set ? value | CacheDisableBit : value & ~CacheDisableBit);

    /// <summary>The same register with <see cref="Paging"/> (bit 31) set or cleared.</summary>
    /// <param name="set">True for 1, false for 0.</param>
    /// <returns>The changed copy.</returns>
    public Cr0 WithPaging(bool set) => new(set ? value | PagingBit : value & ~PagingBit);
}
