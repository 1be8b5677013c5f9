namespace Hypervisor.Core.Cpu;

/// <summary>Control register 3: the root of the paging structures.</summary>
/// <remarks>
/// Intel SDM vol 3 §4.3 to §4.5; AMD APM vol 2 §5.2.1, §5.2.2 and §5.3.2. Which bits hold the address depends on the paging mode, so there
/// is one property for each; bits above MAXPHYADDR are the reader's concern, MOV CR3 refuses them.
/// </remarks>
/// <param name="value">The register as the processor holds it.</param>
public readonly struct Cr3(ulong value)
{
    private const ulong LegacyRootMask = 0xFFFF_F000;
    private const ulong PaeRootMask = 0xFFFF_FFE0;
    private const ulong LongRootMask = 0x000F_FFFF_FFFF_F000;
    private const ulong PcidMask = 0xFFF;
    private const ulong UserAddressMaskingBits = 3UL << 61;

    /// <summary>The register as the processor holds it, all 64 bits.</summary>
    public ulong Value => value;

    /// <summary>Guest-physical address of the page directory in 32-bit paging: bits 31:12.</summary>
    public ulong PageDirectory => value & LegacyRootMask;

    /// <summary>Guest-physical address of the four PDPTEs in PAE paging: bits 31:5, aligned to 32 bytes only.</summary>
    public ulong PaePointerTable => value & PaeRootMask;

    /// <summary>Guest-physical address of the PML4 or PML5 table in long mode: bits 51:12.</summary>
    public ulong LongModeRoot => value & LongRootMask;

    /// <summary>Process-context identifier, 0 to 4095; has meaning only with CR4.PCIDE.</summary>
    public uint ProcessContext => (uint)(value & PcidMask);

    /// <summary>Bits 62 and 61, LAM_U48 and LAM_U57: user addresses may carry data in their upper bits (Intel SDM vol 3 §4.4).</summary>
    public bool UserAddressMasking => (value & UserAddressMaskingBits) != 0;
}
