using System.Runtime.InteropServices;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Traps;

/// <summary>
/// Nested page tables set aside for dividing large pages, and which page each of them divides. One whose page holds no claim any more can be used for another page, so that claims which move need
/// no more tables than claims which stay.
/// </summary>
/// <remarks>
/// Changed under the lock of <see cref="TrapTables"/>. A table is taken out of use in two steps, because processors walk it: first the large page stands in its place again, which maps the same
/// addresses with the same rights; then, when every processor has dropped its translations and its copies, the table is free (<see cref="TrapShootdown.All"/>).
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct SplitTables
{
    /// <summary>Pages of the tables and of this.</summary>
    public const uint Pages = Count + 1;

    private const int Count = (int)TrapTables.SplitPages;
    private const ulong Free = 0;
    private const ulong Unlinked = 1; // no entry has this address

    private ulong _first;
    private fixed ulong _entries[Count];
    private fixed ulong _wholes[Count];
    private fixed ulong _starts[Count];
    private fixed ulong _sizes[Count];

    /// <summary>Sets tables aside.</summary>
    /// <returns>Null when the arena does not suffice.</returns>
    public static SplitTables* Build(PageArena* arena)
    {
        SplitTables* tables = (SplitTables*)arena->Allocate();
        ulong first = arena->Allocate(Count, PageSizes.Size4K);
        if (first == 0)
        {
            return null;
        }

        tables->_first = first;
        return tables;
    }

    /// <summary>Forgets what they divide: nobody uses them.</summary>
    public void Clear()
    {
        for (int i = 0; i < Count; i++)
        {
            _entries[i] = Free;
        }
    }

    /// <summary>Divides a large page: the same addresses with the same rights, in pages of the next size.</summary>
    /// <param name="entry">What maps it.</param>
    /// <param name="level">The entry's level.</param>
    /// <param name="flags">Flags of an entry that points to a table (<see cref="NestedFormat.Table"/>): other bits are reserved in one format or the other.</param>
    /// <returns>False when no table is free.</returns>
    public bool TryDivide(PageTableEntry* entry, PageLevel level, PageFlags flags)
    {
        int number = 0;
        while (number < Count && _entries[number] != Free)
        {
            number++;
        }

        if (number == Count)
        {
            return false;
        }

        ulong table = _first + ((ulong)number * PageSizes.Size4K);
        _entries[number] = (ulong)entry;
        _wholes[number] = entry->Value;
        _starts[number] = entry->Address & ~(PageSizes.Covered(level) - 1);
        _sizes[number] = PageSizes.Covered(level);

        // Complete before it is seen: other processors walk these tables.
        PageTables.Split(*entry, level, (PageTableEntry*)table);
        *entry = new PageTableEntry(table, flags);
        return true;
    }

    /// <summary>Puts the large page back wherever nothing of it is claimed.</summary>
    /// <returns>Whether there was any: <see cref="Reuse"/> makes the tables free.</returns>
    public bool Unlink(MemoryClaims* claims)
    {
        bool any = false;
        for (int i = 0; i < Count; i++)
        {
            if (_entries[i] > Unlinked && !claims->Touches(_starts[i], _starts[i] + _sizes[i] - 1, out _))
            {
                *(PageTableEntry*)_entries[i] = new PageTableEntry(_wholes[i] | NestedTraps.Rights);
                _entries[i] = Unlinked;
            }

            any |= _entries[i] == Unlinked;
        }

        return any;
    }

    /// <summary>Every processor has followed: nobody walks what was unlinked.</summary>
    public void Reuse()
    {
        for (int i = 0; i < Count; i++)
        {
            _entries[i] = _entries[i] == Unlinked ? Free : _entries[i];
        }
    }
}
