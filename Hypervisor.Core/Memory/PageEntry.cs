namespace Hypervisor.Core.Memory;

/// <summary>An entry of a paging structure, of any level and format.</summary>
/// <remarks>Intel SDM vol 3 §4.3 to §4.5, figures 4-4, 4-7 and 4-11; AMD APM vol 2 §5.2, §5.3 and §5.4.1. 32-bit entries are
/// zero-extended.</remarks>
/// <param name="value">The entry as it is in memory.</param>
public readonly struct PageEntry(ulong value)
{
    private const ulong PresentBit = 1UL << 0;
    private const ulong WritableBit = 1UL << 1;
    private const ulong UserBit = 1UL << 2;
    private const ulong LargeBit = 1UL << 7;
    private const ulong NoExecuteBit = 1UL << 63;
    private const ulong TableAddressMask = 0x000F_FFFF_FFFF_F000;

    // PDPTE of PAE paging: bits 2:1 and 8:5, and all above the address (SDM vol 3 table 4-8; APM vol 2 figure 5-10).
    private const ulong PaePointerReserved = 0x1E6;

    /// <summary>The entry as it is in memory.</summary>
    public ulong Value => value;

    /// <summary>P: the entry maps something.</summary>
    public bool Present => (value & PresentBit) != 0;

    /// <summary>R/W: writes are allowed below.</summary>
    public bool Writable => (value & WritableBit) != 0;

    /// <summary>U/S: user-mode accesses are allowed below.</summary>
    public bool User => (value & UserBit) != 0;

    /// <summary>PS: the entry maps a large page; in the last level the bit is PAT instead.</summary>
    public bool Large => (value & LargeBit) != 0;

    /// <summary>NX or XD: fetches are forbidden below, where EFER.NXE makes the bit count.</summary>
    public bool NoExecute => (value & NoExecuteBit) != 0;

    /// <summary>Address of the next table or of a 4 KiB page: bits 51:12.</summary>
    public ulong TableAddress => value & TableAddressMask;

    /// <summary>Address of the page that this entry maps.</summary>
    /// <param name="pageSize">Size of the page in bytes, a power of two.</param>
    /// <returns>The address, aligned to the page.</returns>
    public ulong PageAddress(ulong pageSize) => value & TableAddressMask & ~(pageSize - 1);

    /// <summary>As a page-directory-pointer entry of PAE paging outside long mode: no reserved bit is set.</summary>
    /// <param name="physicalAddressBits">Width of a physical address.</param>
    public bool IsPaePointerValid(int physicalAddressBits) => (value & PaePointerReserved) == 0 && value >> physicalAddressBits == 0;

    /// <summary>Address of a 4 MiB page: bits 31:22, and bits 20:13 as 39:32 (PSE-36).</summary>
    public ulong LegacyLargePageAddress => (value & 0xFFC0_0000) | ((value & 0x1F_E000) << 19);
}
