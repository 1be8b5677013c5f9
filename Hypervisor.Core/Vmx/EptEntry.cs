using Hypervisor.Core.Cpu;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Vmx;

/// <summary>An entry of an extended page table, of any level.</summary>
/// <remarks>Intel SDM vol 3 §28.2.2, tables 28-1 to 28-6.</remarks>
/// <param name="value">The entry as it is in memory.</param>
public readonly struct EptEntry(ulong value)
{
    private const ulong RightsMask = 7;
    private const int TypeShift = 3;
    private const ulong TypeMask = 7;
    private const ulong IgnorePatBit = 1UL << 6;
    private const ulong LargeBit = 1UL << 7;
    private const ulong CoarseBit = 1UL << 52; // ignored by the processor
    private const ulong AddressMask = 0x000F_FFFF_FFFF_F000;

    /// <summary>An entry that maps a page. The guest's PAT goes on counting (§28.2.7.2).</summary>
    /// <param name="address">Physical address of the page.</param>
    /// <param name="rights">What the guest may do.</param>
    /// <param name="type">Memory type, before the guest's PAT.</param>
    /// <param name="level">Level of the entry.</param>
    public EptEntry(ulong address, EptRights rights, MemoryType type, PageLevel level)
        : this((address & AddressMask) | (ulong)rights | ((ulong)type << TypeShift) | (level == PageLevel.Page4K ? 0 : LargeBit))
    {
    }

    /// <summary>An entry that points to a table, in whose entries everything is decided.</summary>
    /// <param name="table">Physical address of the table.</param>
    public static EptEntry Table(ulong table) => new((table & AddressMask) | (ulong)EptRights.Full);

    /// <summary>The eight bytes.</summary>
    public ulong Value => value;

    /// <summary>What the guest may do.</summary>
    public EptRights Rights => (EptRights)(value & RightsMask);

    /// <summary>Whether it maps or points to anything.</summary>
    public bool Present => Rights != EptRights.None;

    /// <summary>Bits 5:3 of an entry that maps a page: memory type.</summary>
    public MemoryType MemoryType => (MemoryType)((value >> TypeShift) & TypeMask);

    /// <summary>Bit 6 of an entry that maps a page: the guest's PAT does not count.</summary>
    public bool IgnoresPat => (value & IgnorePatBit) != 0;

    /// <summary>Bit 7: maps 2 MiB or 1 GiB instead of pointing to a table.</summary>
    public bool IsLarge => (value & LargeBit) != 0;

    /// <summary>
    /// Bit 52, which the processor ignores: the page has more than one memory type and no table was left to say which; it is uncacheable as a whole.
    /// </summary>
    public bool IsCoarse => (value & CoarseBit) != 0;

    /// <summary>Physical address of the page or of the table below.</summary>
    public ulong Address => value & AddressMask;

    /// <summary>The same entry with other rights.</summary>
    public EptEntry WithRights(EptRights rights) => new((value & ~RightsMask) | (ulong)rights);

    /// <summary>The same entry, marked as <see cref="IsCoarse"/>.</summary>
    public EptEntry AsCoarse() => new(value | CoarseBit);
}
