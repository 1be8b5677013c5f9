using System.Runtime.CompilerServices;

namespace Hypervisor.Core.Traps;

/// <summary>
/// Finds the claims of an address: a hash table over stretches of 2 MiB, each slot with the claims that touch the stretch. Written while it is spare, read only
/// while it is in use: the cost of a look-up depends neither on the number of claims nor on their sizes.
/// </summary>
public unsafe struct MemoryIndex
{
    /// <summary>Bytes.</summary>
    public const int Size = Slots * sizeof(ulong);

    /// <summary>Stretches of 2 MiB that all claims together may touch: half the slots stay free.</summary>
    public const int Capacity = Slots / 2;

    private const int Slots = 4096;
    private const int SlotBits = 12;
    private const int StretchShift = 21;
    private const int CountShift = 8;
    private const int KeyShift = 16;
    private const ulong Low8 = 0xFF;
    private const uint Spread = 0x9E37_79B1; // 2^32 divided by the golden ratio (Knuth, TAOCP vol 3 §6.4)
    private const int HashBits = 32;

    private fixed ulong _slots[Slots];

    /// <summary>Number of the 2 MiB an address lies in.</summary>
    public static ulong Stretch(ulong address) => address >> StretchShift;

    /// <summary>Removes everything.</summary>
    public void Clear()
    {
        for (int i = 0; i < Slots; i++)
        {
            _slots[i] = 0;
        }
    }

    /// <summary>Adds a claim to a stretch. Claims come in the order of their addresses.</summary>
    public void Add(ulong stretch, int claim)
    {
        int slot = Locate(stretch);
        _slots[slot] = _slots[slot] == 0
            ? ((stretch + 1) << KeyShift) | (1UL << CountShift) | (uint)claim
            : _slots[slot] + (1UL << CountShift);
    }

    /// <summary>The claims of a stretch.</summary>
    /// <param name="address">An address in it.</param>
    /// <param name="first">Number of the first one.</param>
    /// <returns>How many there are, one behind the other.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly int Find(ulong address, out int first)
    {
        ulong slot = _slots[Locate(Stretch(address))];
        first = (int)(slot & Low8);
        return (int)((slot >> CountShift) & Low8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly int Locate(ulong stretch)
    {
        int slot = (int)(((uint)stretch * Spread) >> (HashBits - SlotBits));
        while (_slots[slot] != 0 && _slots[slot] >> KeyShift != stretch + 1)
        {
            slot = (slot + 1) & (Slots - 1);
        }

        return slot;
    }
}
