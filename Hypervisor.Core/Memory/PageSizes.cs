namespace Hypervisor.Core.Memory;

/// <summary>Sizes of pages and of what one entry covers, in bytes.</summary>
public static class PageSizes
{
    /// <summary>4 KiB.</summary>
    public const ulong Size4K = 1UL << 12;

    /// <summary>2 MiB.</summary>
    public const ulong Size2M = 1UL << 21;

    /// <summary>1 GiB.</summary>
    public const ulong Size1G = 1UL << 30;

    /// <summary>512 GiB: one entry of the root.</summary>
    public const ulong RootEntry = 1UL << 39;

    /// <summary>Entries of a table.</summary>
    public const int EntriesPerTable = 512;

    /// <summary>What one entry at <paramref name="level"/> covers.</summary>
    public static ulong Covered(PageLevel level) => 1UL << Shift(level);

    /// <summary>Lowest address bit that selects an entry at <paramref name="level"/>.</summary>
    public static int Shift(PageLevel level) => 12 + (9 * ((int)level - 1));

    /// <summary><paramref name="value"/> rounded up to a multiple of <paramref name="size"/>, a power of two.</summary>
    public static ulong RoundUp(ulong value, ulong size) => (value + size - 1) & ~(size - 1);

    /// <summary><paramref name="value"/> rounded down to a multiple of <paramref name="size"/>, a power of two.</summary>
    public static ulong RoundDown(ulong value, ulong size) => value & ~(size - 1);
}
