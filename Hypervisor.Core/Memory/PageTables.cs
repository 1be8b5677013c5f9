namespace Hypervisor.Core.Memory;

/// <summary>Building and changing four-level tables that map addresses to themselves. Tables are reached at their physical addresses.</summary>
public static unsafe class PageTables
{
    /// <summary>
    /// The entry for <paramref name="address"/> at <paramref name="level"/>. A larger page on the way is split into pages of the next size with the
    /// same rights; a missing table is made.
    /// </summary>
    /// <param name="root">Root table.</param>
    /// <param name="address">Address the entry maps.</param>
    /// <param name="level">Level of the entry wanted.</param>
    /// <param name="arena">Where new tables come from.</param>
    /// <returns>The entry, or null when the arena is exhausted.</returns>
    public static PageTableEntry* Entry(ulong root, ulong address, PageLevel level, PageArena* arena)
    {
        ulong table = root;
        for (PageLevel at = PageLevel.Root; ; at--)
        {
            PageTableEntry* entry = (PageTableEntry*)table + Index(address, at);
            if (at == level)
            {
                return entry;
            }

            if (!entry->Present || entry->IsLarge)
            {
                ulong below = arena->Allocate();
                if (below == 0)
                {
                    return null;
                }

                if (entry->IsLarge)
                {
                    Split(*entry, at, (PageTableEntry*)below);
                }

                *entry = new PageTableEntry(below, PageFlags.Table);
            }

            table = entry->Address;
        }
    }

    /// <summary>The entry that maps <paramref name="address"/>, of whatever size; null where a level is not present.</summary>
    public static PageTableEntry* Find(ulong root, ulong address, out PageLevel level)
    {
        ulong table = root;
        for (level = PageLevel.Root; ; level--)
        {
            PageTableEntry* entry = (PageTableEntry*)table + Index(address, level);
            if (!entry->Present)
            {
                return null;
            }

            if (level == PageLevel.Page4K || entry->IsLarge)
            {
                return entry;
            }

            table = entry->Address;
        }
    }

    /// <summary>Gives every 4 KiB page from <paramref name="start"/> to <paramref name="end"/> the rights <paramref name="flags"/>, mapped to itself.</summary>
    /// <returns>False when the arena is exhausted.</returns>
    public static bool Protect(ulong root, ulong start, ulong end, PageFlags flags, PageArena* arena)
    {
        for (ulong address = start; address < end; address += PageSizes.Size4K)
        {
            PageTableEntry* entry = Entry(root, address, PageLevel.Page4K, arena);
            if (entry == null)
            {
                return false;
            }

            *entry = flags == PageFlags.None ? default : new PageTableEntry(address, flags);
        }

        return true;
    }

    /// <summary>Fills a table of 1 GiB entries for the 512 GiB from <paramref name="start"/>, each mapped to itself.</summary>
    public static void FillGigabytes(ulong table, ulong start, PageFlags flags)
    {
        for (int i = 0; i < PageSizes.EntriesPerTable; i++)
        {
            ((PageTableEntry*)table)[i] = new PageTableEntry(start + ((ulong)i * PageSizes.Size1G), flags | PageFlags.LargePage);
        }
    }

    /// <summary>Copies a table.</summary>
    public static void Copy(ulong from, ulong to)
    {
        for (int i = 0; i < PageSizes.EntriesPerTable; i++)
        {
            ((ulong*)to)[i] = ((ulong*)from)[i];
        }
    }

    /// <summary>Number of the entry for <paramref name="address"/> in a table at <paramref name="level"/>.</summary>
    public static int Index(ulong address, PageLevel level) =>
        (int)(address >> PageSizes.Shift(level)) & (PageSizes.EntriesPerTable - 1);

    /// <summary>Fills <paramref name="table"/> with entries that together map what <paramref name="large"/> at <paramref name="level"/> maps.</summary>
    public static void Split(PageTableEntry large, PageLevel level, PageTableEntry* table)
    {
        for (int i = 0; i < PageSizes.EntriesPerTable; i++)
        {
            table[i] = Piece(large, level, i);
        }
    }

    /// <summary>The entry of the next level that maps one of the 512 pieces of <paramref name="large"/> at <paramref name="level"/>.</summary>
    public static PageTableEntry Piece(PageTableEntry large, PageLevel level, int number)
    {
        PageLevel below = level - 1;
        PageFlags flags = below == PageLevel.Page4K ? large.Flags & ~PageFlags.LargePage : large.Flags;
        return new PageTableEntry(large.Address + ((ulong)number << PageSizes.Shift(below)), flags);
    }
}
