using System.Runtime.InteropServices;

namespace Hypervisor.Core.Traps;

/// <summary>
/// Claims of single numbers, MSRs or CPUID leaves: a hash table with open addressing. Several mediators may claim the same number. Changed under the lock of
/// <see cref="TrapTables"/>, read without it: a slot is one word.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct KeyedClaims
{
    /// <summary>Claims there is room for.</summary>
    public const int Capacity = Slots / 2;

    private const int Slots = 128;
    private const uint Spread = 0x9E37_79B1; // 2^32 divided by the golden ratio: neighbours are spread evenly (Knuth, TAOCP vol 3 §6.4)
    private const int SpreadShift = 25;
    private const int MediatorShift = 32;
    private const ulong UsedBit = 1UL << 63;
    private const ulong DroppedBit = 1UL << 62;

    private fixed ulong _slots[Slots];

    /// <summary>Number of claims.</summary>
    public int Count { get; private set; }

    /// <summary>Adds a claim.</summary>
    /// <returns>False when there is no room.</returns>
    public bool Add(uint key, int mediator)
    {
        if (Count == Capacity)
        {
            return false;
        }

        int slot = First(key);
        while ((_slots[slot] & UsedBit) != 0)
        {
            slot = Next(slot);
        }

        _slots[slot] = UsedBit | ((ulong)(uint)mediator << MediatorShift) | key;
        Count++;
        return true;
    }

    /// <summary>Takes a claim away.</summary>
    /// <returns>False when there is none.</returns>
    public bool Remove(uint key, int mediator)
    {
        ulong wanted = UsedBit | ((ulong)(uint)mediator << MediatorShift) | key;
        int slot = First(key);
        for (int i = 0; i < Slots && _slots[slot] != 0; i++, slot = Next(slot))
        {
            if (_slots[slot] == wanted)
            {
                _slots[slot] = DroppedBit;
                Count--;
                return true;
            }
        }

        return false;
    }

    /// <summary>Finds one of a mediator's claims.</summary>
    /// <param name="mediator">Its number.</param>
    /// <param name="key">What it has claimed.</param>
    /// <returns>False when it has none.</returns>
    public readonly bool TryFindAny(int mediator, out uint key)
    {
        for (int i = 0; i < Slots; i++)
        {
            ulong slot = _slots[i];
            if ((slot & UsedBit) != 0 && (byte)(slot >> MediatorShift) == mediator)
            {
                key = (uint)slot;
                return true;
            }
        }

        key = 0;
        return false;
    }

    /// <summary>How many claims a mediator has.</summary>
    public readonly int CountOf(int mediator)
    {
        int count = 0;
        for (int i = 0; i < Slots; i++)
        {
            count += (_slots[i] & UsedBit) != 0 && (byte)(_slots[i] >> MediatorShift) == mediator ? 1 : 0;
        }

        return count;
    }

    /// <summary>The mediators that have claimed a number.</summary>
    /// <returns>A bit for each.</returns>
    public readonly uint Find(uint key)
    {
        uint found = 0;
        int slot = First(key);
        for (int i = 0; i < Slots && _slots[slot] != 0; i++, slot = Next(slot))
        {
            ulong value = _slots[slot];
            if ((value & UsedBit) != 0 && (uint)value == key)
            {
                found |= 1u << (byte)(value >> MediatorShift);
            }
        }

        return found;
    }

    private static int First(uint key) => (int)((key * Spread) >> SpreadShift);

    private static int Next(int slot) => (slot + 1) & (Slots - 1);
}
