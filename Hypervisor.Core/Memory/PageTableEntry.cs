namespace Hypervisor.Core.Memory;

/// <summary>An entry of a host or nested page table.</summary>
public readonly struct PageTableEntry(ulong value)
{
    private const ulong AddressMask = 0x000F_FFFF_FFFF_F000;

    /// <summary>An entry for <paramref name="address"/>.</summary>
    public PageTableEntry(ulong address, PageFlags flags)
        : this((address & AddressMask) | (ulong)flags)
    {
    }

    /// <summary>The eight bytes.</summary>
    public ulong Value => value;

    /// <summary>Physical address of the page or of the table below.</summary>
    public ulong Address => value & AddressMask;

    /// <summary>Everything but the address.</summary>
    public PageFlags Flags => (PageFlags)(value & ~AddressMask);

    /// <summary>Whether it maps or points to anything.</summary>
    public bool Present => (Flags & PageFlags.Present) != 0;

    /// <summary>Whether it maps a large page.</summary>
    public bool IsLarge => (Flags & PageFlags.LargePage) != 0;
}
