namespace Hypervisor.Core.Memory;

/// <summary>Levels of four-level page tables; the number is how many tables lie below an entry, plus one.</summary>
public enum PageLevel
{
    /// <summary>4 KiB pages.</summary>
    Page4K = 1,

    /// <summary>2 MiB pages or page tables.</summary>
    Page2M = 2,

    /// <summary>1 GiB pages or page directories.</summary>
    Page1G = 3,

    /// <summary>The root: 512 GiB an entry.</summary>
    Root = 4,
}
