namespace Hypervisor.Core.Memory;

/// <summary>
/// Hands out zeroed pages of the host's memory while the host is built. Nothing is ever given back, and nothing is taken after launch.
/// </summary>
public unsafe struct PageArena(ulong start, ulong end)
{
    private ulong _next = PageSizes.RoundUp(start, PageSizes.Size4K);

    /// <summary>Set when a request could not be met; every later one fails too.</summary>
    public bool Exhausted { get; private set; }

    /// <summary>First byte not handed out.</summary>
    public readonly ulong Next => _next;

    /// <summary>First byte after the arena.</summary>
    public readonly ulong End => end;

    /// <summary>One page.</summary>
    public ulong Allocate() => Allocate(1, PageSizes.Size4K);

    /// <summary>Zeroed pages.</summary>
    /// <param name="pages">How many.</param>
    /// <param name="alignment">Of the first one: a power of two, at least 4 KiB.</param>
    /// <returns>Physical address, or 0 when the arena is exhausted.</returns>
    public ulong Allocate(uint pages, ulong alignment)
    {
        ulong address = PageSizes.RoundUp(_next, alignment);
        ulong size = pages * PageSizes.Size4K;
        if (Exhausted || address + size > end)
        {
            Exhausted = true;
            return 0;
        }

        _next = address + size;
        ulong* words = (ulong*)address;
        for (ulong i = 0; i < size / sizeof(ulong); i++)
        {
            words[i] = 0;
        }

        return address;
    }
}
