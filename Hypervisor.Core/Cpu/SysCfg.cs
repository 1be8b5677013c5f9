namespace Hypervisor.Core.Cpu;

/// <summary>SYSCFG, MSR 0xC0010010: system configuration (AMD).</summary>
/// <remarks>AMD APM vol 2 §3.2.1, §7.10 and §7.9.1.</remarks>
/// <param name="value">The register as the processor holds it.</param>
public readonly struct SysCfg(ulong value)
{
    private const ulong MtrrFixedDramEnableBit = 1UL << 18;
    private const ulong MtrrFixedDramModifyBit = 1UL << 19;
    private const ulong MtrrVariableDramEnableBit = 1UL << 20;
    private const ulong MtrrTopOfMemory2EnableBit = 1UL << 21;
    private const ulong TopOfMemory2ForceWriteBackBit = 1UL << 22;
    private const ulong SecureMemoryEncryptionBit = 1UL << 23;
    private const ulong SecureNestedPagingBit = 1UL << 24;
    private const ulong VmplEnableBit = 1UL << 25;

    /// <summary>The register as the processor holds it, all 64 bits.</summary>
    public ulong Value => value;

    /// <summary>Bit 18, MtrrFixDramEn: the RdMem and WrMem bits of fixed MTRRs work.</summary>
    public bool MtrrFixedDramEnable => (value & MtrrFixedDramEnableBit) != 0;

    /// <summary>Bit 19, MtrrFixDramModEn: RdMem and WrMem are visible and writable.</summary>
    public bool MtrrFixedDramModify => (value & MtrrFixedDramModifyBit) != 0;

    /// <summary>Bit 20, MtrrVarDramEn: TOP_MEM and the IORRs work.</summary>
    public bool MtrrVariableDramEnable => (value & MtrrVariableDramEnableBit) != 0;

    /// <summary>Bit 21, MtrrTom2En: TOP_MEM2 works.</summary>
    public bool MtrrTopOfMemory2Enable => (value & MtrrTopOfMemory2EnableBit) != 0;

    /// <summary>Bit 22, Tom2ForceMemTypeWB: memory between 4 GiB and TOP_MEM2 is write-back by default.</summary>
    public bool TopOfMemory2ForceWriteBack => (value & TopOfMemory2ForceWriteBackBit) != 0;

    /// <summary>Bit 23, MemEncryptionModEn: SME is on, the C-bit of page tables works.</summary>
    public bool SecureMemoryEncryption => (value & SecureMemoryEncryptionBit) != 0;

    /// <summary>Bit 24, SecureNestedPagingEn: SEV-SNP is on.</summary>
    public bool SecureNestedPaging => (value & SecureNestedPagingBit) != 0;

    /// <summary>Bit 25, VMPLEn: VM privilege levels are on.</summary>
    public bool VmplEnable => (value & VmplEnableBit) != 0;
}
