namespace Hypervisor.Core.Cpu;

/// <summary>Extended feature enable register, MSR 0xC0000080.</summary>
/// <remarks>Intel SDM vol 3 §2.2.1; AMD APM vol 2 §3.1.7.</remarks>
/// <param name="value">The register as the processor holds it.</param>
public readonly struct Efer(ulong value)
{
    private const ulong SystemCallEnableBit = 1UL << 0;
    private const ulong LongModeEnableBit = 1UL << 8;
    private const ulong LongModeActiveBit = 1UL << 10;
    private const ulong NoExecuteEnableBit = 1UL << 11;
    private const ulong SvmEnableBit = 1UL << 12;
    private const ulong LongModeSegmentLimitEnableBit = 1UL << 13;
    private const ulong FastFxSaveBit = 1UL << 14;
    private const ulong TranslationCacheExtensionBit = 1UL << 15;
    private const ulong McommitEnableBit = 1UL << 17;
    private const ulong InterruptibleWbinvdBit = 1UL << 18;
    private const ulong UpperAddressIgnoreBit = 1UL << 20;
    private const ulong AutomaticIbrsBit = 1UL << 21;

    /// <summary>The register as the processor holds it, all 64 bits.</summary>
    public ulong Value => value;

    /// <summary>Bit 0, SCE: SYSCALL and SYSRET are on.</summary>
    public bool SystemCallEnable => (value & SystemCallEnableBit) != 0;

    /// <summary>Bit 8, LME: setting CR0.PG enters long mode.</summary>
    public bool LongModeEnable => (value & LongModeEnableBit) != 0;

    /// <summary>Bit 10, LMA: the processor is in long mode. Read-only on Intel, must follow LME and PG on AMD.</summary>
    public bool LongModeActive => (value & LongModeActiveBit) != 0;

    /// <summary>Bit 11, NXE: bit 63 of paging-structure entries forbids fetches.</summary>
    public bool NoExecuteEnable => (value & NoExecuteEnableBit) != 0;

    /// <summary>Bit 12, SVME: SVM instructions are on (AMD). VMRUN demands it in the guest state too (APM vol 2 §15.5.1).</summary>
    public bool SvmEnable => (value & SvmEnableBit) != 0;

    /// <summary>Bit 13, LMSLE: data segment limits in 64-bit mode (AMD, older).</summary>
    public bool LongModeSegmentLimitEnable => (value & LongModeSegmentLimitEnableBit) != 0;

    /// <summary>Bit 14, FFXSR: FXSAVE leaves XMM out at CPL 0 in 64-bit mode (AMD).</summary>
    public bool FastFxSave => (value & FastFxSaveBit) != 0;

    /// <summary>Bit 15, TCE: INVLPG drops fewer entries (AMD).</summary>
    public bool TranslationCacheExtension => (value & TranslationCacheExtensionBit) != 0;

    /// <summary>Bit 17, MCOMMIT: the MCOMMIT instruction is on (AMD).</summary>
    public bool McommitEnable => (value & McommitEnableBit) != 0;

    /// <summary>Bit 18, INTWB: WBINVD may be interrupted (AMD).</summary>
    public bool InterruptibleWbinvd => (value & InterruptibleWbinvdBit) != 0;

    /// <summary>Bit 20, UAIE: upper address bits are ignored (AMD).</summary>
    public bool UpperAddressIgnore => (value & UpperAddressIgnoreBit) != 0;

    /// <summary>Bit 21, AIBRSE: automatic IBRS (AMD).</summary>
    public bool AutomaticIbrs => (value & AutomaticIbrsBit) != 0;

    /// <summary>The bits that exist on a processor with these features and no SVM; the rest must be zero (APM vol 2 §3.1.7).</summary>
    public static Efer Supported(
        bool longMode,
        bool noExecute,
        bool fastFxSave,
        bool translationCacheExtension,
        bool mcommit,
        bool interruptibleWbinvd,
        bool upperAddressIgnore,
        bool automaticIbrs) => new(
            SystemCallEnableBit
            | (longMode ? LongModeEnableBit | LongModeActiveBit : 0)
            | (noExecute ? NoExecuteEnableBit : 0)
            | (fastFxSave ? FastFxSaveBit : 0)
            | (translationCacheExtension ? TranslationCacheExtensionBit : 0)
            | (mcommit ? McommitEnableBit : 0)
            | (interruptibleWbinvd ? InterruptibleWbinvdBit : 0)
            | (upperAddressIgnore ? UpperAddressIgnoreBit : 0)
            | (automaticIbrs ? AutomaticIbrsBit : 0));

    /// <summary>The same register with <see cref="NoExecuteEnable"/> (bit 11) set or cleared.</summary>
    /// <param name="set">True for 1, false for 0.</param>
    /// <returns>The changed copy.</returns>
    public Efer WithNoExecuteEnable(bool set) => new(set ? value | NoExecuteEnableBit : value & ~NoExecuteEnableBit);

    /// <summary>The same register with <see cref="SvmEnable"/> (bit 12) set or cleared.</summary>
    /// <param name="set">True for 1, false for 0.</param>
    /// <returns>The changed copy.</returns>
    public Efer WithSvmEnable(bool set) => new(set ? value | SvmEnableBit : value & ~SvmEnableBit);

    /// <summary>The same register with <see cref="LongModeEnable"/> (bit 8) set or cleared.</summary>
    /// <param name="set">True for 1, false for 0.</param>
    /// <returns>The changed copy.</returns>
    public Efer WithLongModeEnable(bool set) => new(set ? value | LongModeEnableBit : value & ~LongModeEnableBit);

    /// <summary>The same register with <see cref="LongModeActive"/> (bit 10) set or cleared.</summary>
    /// <param name="set">True for 1, false for 0.</param>
    /// <returns>The changed copy.</returns>
    public Efer WithLongModeActive(bool set) => new(set ? value | LongModeActiveBit : value & ~LongModeActiveBit);
}
