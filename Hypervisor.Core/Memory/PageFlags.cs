using System;

namespace Hypervisor.Core.Memory;

/// <summary>Bits of a page table entry, the same in host and nested tables (AMD APM vol 2 §5.4, §15.25.5).</summary>
[Flags]
public enum PageFlags : ulong
{
    /// <summary>None: not present.</summary>
    None = 0,

    /// <summary>Present.</summary>
    Present = 1UL << 0,

    /// <summary>Writable.</summary>
    Writable = 1UL << 1,

    /// <summary>User: nested tables need it everywhere, for the processor walks them as user (§15.25.5).</summary>
    User = 1UL << 2,

    /// <summary>Not cached (with the power-on PAT).</summary>
    CacheDisable = 1UL << 4,

    /// <summary>Accessed.</summary>
    Accessed = 1UL << 5,

    /// <summary>Dirty.</summary>
    Dirty = 1UL << 6,

    /// <summary>Maps 2 MiB or 1 GiB instead of pointing to a table.</summary>
    LargePage = 1UL << 7,

    /// <summary>Not executable.</summary>
    NoExecute = 1UL << 63,

    /// <summary>A table below, everything decided in its entries.</summary>
    Table = Present | Writable | User | Accessed,
}
