using System.Runtime.InteropServices;

namespace Hypervisor.Core.Memory;

/// <summary>Where the machine has memory, as its firmware says: what is asked for addresses that must be memory, or must not be. Made once, by the loader; one page.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct MemoryMap
{
    private const int Capacity = 254;
    private const ulong ReservedBit = 1; // of the first byte's address: stretches are whole pages
    private const ulong PageMask = PageSizes.Size4K - 1;

    private fixed ulong _starts[Capacity];
    private fixed ulong _ends[Capacity];
    private int _count;
    private bool _isIncomplete;

    /// <summary>Whether the firmware has told all there is; else no question has an answer.</summary>
    public readonly bool IsKnown => _count != 0 && !_isIncomplete;

    /// <summary>Adds a stretch. They may come in any order, and do not overlap; one that does is left out.</summary>
    /// <param name="start">First byte; whole pages.</param>
    /// <param name="end">First byte behind it.</param>
    /// <param name="isReserved">Whether it is memory of the firmware that may be anything, tables or registers, rather than memory for certain.</param>
    public void Add(ulong start, ulong end, bool isReserved)
    {
        start &= ~PageMask;
        end &= ~PageMask;
        int at = FirstBehind(start);
        if (end <= start || (at < _count && Start(at) < end))
        {
            return;
        }

        ulong kind = isReserved ? ReservedBit : 0;
        bool joinsBefore = at > 0 && _ends[at - 1] == start && IsReserved(at - 1) == isReserved;
        bool joinsBehind = at < _count && Start(at) == end && IsReserved(at) == isReserved;
        if (joinsBefore)
        {
            _ends[at - 1] = joinsBehind ? _ends[at] : end;
            if (joinsBehind)
            {
                Close(at);
            }
        }
        else if (joinsBehind)
        {
            _starts[at] = start | kind;
        }
        else if (_count == Capacity)
        {
            _isIncomplete = true;
        }
        else
        {
            Open(at);
            _starts[at] = start | kind;
            _ends[at] = end;
        }
    }

    /// <summary>Whether any byte of a range is memory for certain.</summary>
    /// <param name="first">First byte.</param>
    /// <param name="last">Last byte.</param>
    public readonly bool TouchesMemory(ulong first, ulong last)
    {
        for (int i = FirstBehind(first); i < _count && Start(i) <= last; i++)
        {
            if (!IsReserved(i))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether all of a range is memory, the firmware's included.</summary>
    /// <param name="first">First byte.</param>
    /// <param name="last">Last byte.</param>
    public readonly bool Holds(ulong first, ulong last)
    {
        int at = FirstBehind(first);
        ulong next = first;
        while (at < _count && Start(at) <= next)
        {
            if (last < _ends[at])
            {
                return true;
            }

            next = _ends[at++];
        }

        return false;
    }

    private readonly ulong Start(int number) => _starts[number] & ~ReservedBit;

    private readonly bool IsReserved(int number) => (_starts[number] & ReservedBit) != 0;

    /// <summary>The first stretch that ends behind an address, found by halving.</summary>
    private readonly int FirstBehind(ulong address)
    {
        int low = 0;
        int high = _count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_ends[middle] > address)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low;
    }

    private void Open(int at)
    {
        for (int i = _count; i > at; i--)
        {
            _starts[i] = _starts[i - 1];
            _ends[i] = _ends[i - 1];
        }

        _count++;
    }

    private void Close(int at)
    {
        _count--;
        for (int i = at; i < _count; i++)
        {
            _starts[i] = _starts[i + 1];
            _ends[i] = _ends[i + 1];
        }
    }
}
