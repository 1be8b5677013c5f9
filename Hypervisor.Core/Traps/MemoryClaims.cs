using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Traps;

/// <summary>Claims of memory, in the order of their addresses; they do not overlap.</summary>
/// <remarks>
/// Changed under the lock of <see cref="TrapTables"/>: a new list and a new index are made in the spare halves and published together with
/// <see cref="Active"/>; readers see the one or the other.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct MemoryClaims
{
    private const int Capacity = TrapTables.MaximumMemoryClaims;

    /// <summary>0 or 1: the list and the index in use.</summary>
    public uint Active;

    /// <summary>The index that belongs to list 0.</summary>
    public MemoryIndex* Index;

    /// <summary>The index that belongs to list 1.</summary>
    public MemoryIndex* SpareIndex;

    private fixed byte _lists[2 * Capacity * MemoryClaim.Bytes];
    private fixed int _counts[2];

    /// <summary>Number of claims.</summary>
    public readonly int Count => _counts[(int)Active];

    /// <summary>A claim.</summary>
    /// <param name="index">From 0, in the order of addresses.</param>
    public MemoryClaim* this[int index] => List(Active) + index;

    /// <summary>The claim that holds an address; null for none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public MemoryClaim* Find(ulong address)
    {
        uint active = Active;
        int count = IndexOf(active)->Find(address, out int first);
        for (MemoryClaim* claim = List(active) + first; count > 0; claim++, count--)
        {
            if (address - claim->First <= claim->Last - claim->First)
            {
                return claim;
            }
        }

        return null;
    }

    /// <summary>Whether any claim touches a range.</summary>
    /// <param name="first">First byte.</param>
    /// <param name="last">Last byte.</param>
    /// <param name="readsToo">Whether one of them wants reads too.</param>
    public bool Touches(ulong first, ulong last, out bool readsToo)
    {
        bool any = false;
        readsToo = false;
        uint active = Active;
        int begin = 0;
        int count = MemoryIndex.Stretch(first) == MemoryIndex.Stretch(last) ? IndexOf(active)->Find(first, out begin) : _counts[(int)active];
        for (int i = begin; i < begin + count; i++)
        {
            MemoryClaim* claim = List(active) + i;
            if (claim->First <= last && claim->Last >= first)
            {
                any = true;
                readsToo |= !claim->Form.WritesOnly;
            }
        }

        return any;
    }

    /// <summary>Adds a claim.</summary>
    /// <returns>False when it overlaps another one or there is no room for it.</returns>
    public bool Add(MemoryClaim added)
    {
        if (Count == Capacity || added.Last < added.First || Touches(added.First, added.Last, out _))
        {
            return false;
        }

        MemoryClaim* from = List(Active);
        MemoryClaim* to = List(Active ^ 1);
        int at = 0;
        while (at < Count && from[at].First < added.First)
        {
            to[at] = from[at];
            at++;
        }

        to[at] = added;
        for (int i = at; i < Count; i++)
        {
            to[i + 1] = from[i];
        }

        return Publish(Count + 1);
    }

    /// <summary>Takes a claim away.</summary>
    public void RemoveAt(int index)
    {
        MemoryClaim* from = List(Active);
        MemoryClaim* to = List(Active ^ 1);
        for (int i = 0; i < Count - 1; i++)
        {
            to[i] = from[i < index ? i : i + 1];
        }

        _ = Publish(Count - 1);
    }

    private bool Publish(int count)
    {
        uint spare = Active ^ 1;
        MemoryIndex* index = IndexOf(spare);
        index->Clear();
        ulong stretches = 0;
        for (int i = 0; i < count; i++)
        {
            MemoryClaim* claim = List(spare) + i;
            ulong last = MemoryIndex.Stretch(claim->Last);
            stretches += last - MemoryIndex.Stretch(claim->First) + 1;
            if (stretches > MemoryIndex.Capacity)
            {
                return false;
            }

            for (ulong stretch = MemoryIndex.Stretch(claim->First); stretch <= last; stretch++)
            {
                index->Add(stretch, i);
            }
        }

        _counts[(int)spare] = count;
        fixed (uint* active = &Active)
        {
            Instructions.Exchange(active, spare);
        }

        return true;
    }

    private readonly MemoryIndex* IndexOf(uint half) => half == 0 ? Index : SpareIndex;

    /// <summary>One of the lists. The claims never move: <c>fixed</c> would only keep this from being inlined.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private MemoryClaim* List(uint half) => (MemoryClaim*)Unsafe.AsPointer(ref _lists[0]) + (half * Capacity);
}
