using Hypervisor.Core.Host;

namespace Hypervisor.Core.Memory;

/// <summary>
/// The tables that map guest-physical to physical memory: everything to itself in pages of 1 GiB, but for the host's own memory, which shows a page
/// of zeros, and each processor's local APIC page.
/// </summary>
public static unsafe class NestedTables
{
    private const PageFlags GuestRights = PageFlags.Present | PageFlags.Writable | PageFlags.User | PageFlags.Accessed | PageFlags.Dirty;

    /// <summary>Rights of the page of zeros: reads only.</summary>
    public const PageFlags ReadOnly = GuestRights & ~PageFlags.Writable;

    /// <summary>Rights of guest memory.</summary>
    public const PageFlags Full = GuestRights;

    /// <summary>Guest-physical address bits that four levels of tables reach.</summary>
    public const int AddressBits = 48;

    /// <summary>Tables of 1 GiB entries needed for that many address bits.</summary>
    public static uint RootEntries(int addressBits)
    {
        int usable = addressBits < AddressBits ? addressBits : AddressBits;
        return usable <= 39 ? 1u : 1u << (usable - 39);
    }

    /// <summary>First guest-physical address that is not mapped, with that many address bits.</summary>
    public static ulong End(int addressBits) => RootEntries(addressBits) * PageSizes.RootEntry;

    /// <summary>Builds the tables all processors share.</summary>
    /// <returns>The root, or 0 when the arena is exhausted.</returns>
    public static ulong Build(MachineData* machine, PageArena* arena)
    {
        ulong root = arena->Allocate();
        uint entries = RootEntries(machine->PhysicalAddressBits);
        for (uint i = 0; i < entries; i++)
        {
            ulong table = arena->Allocate();
            if (table == 0)
            {
                return 0;
            }

            PageTables.FillGigabytes(table, i * PageSizes.RootEntry, GuestRights);
            ((PageTableEntry*)root)[i] = new PageTableEntry(table, PageFlags.Table);
        }

        for (ulong page = machine->RegionBase; page < machine->RegionBase + machine->RegionSize; page += PageSizes.Size4K)
        {
            PageTableEntry* entry = PageTables.Entry(root, page, PageLevel.Page4K, arena);
            if (entry == null)
            {
                return 0;
            }

            *entry = new PageTableEntry(machine->ZeroPage, ReadOnly);
        }

        return root;
    }

    /// <summary>
    /// Builds a processor's own path to its local APIC page in the four tables of its block: copies of the shared ones on the way down, so that
    /// the trap is this processor's alone.
    /// </summary>
    /// <param name="sharedRoot">Root of the tables all share.</param>
    /// <param name="tables">Address of four pages.</param>
    /// <param name="page">Guest-physical address of the local APIC page.</param>
    /// <param name="table">Flags of an entry that points to a table.</param>
    /// <returns>The entry that maps the page.</returns>
    public static PageTableEntry* BuildOwnPath(ulong sharedRoot, ulong tables, ulong page, PageFlags table) =>
        CopyPath(sharedRoot, PageLevel.Root, tables, page, table);

    /// <summary>Copies the tables on the way to a page.</summary>
    /// <param name="from">The first table.</param>
    /// <param name="level">Its level.</param>
    /// <param name="to">Address of a page for each level.</param>
    /// <param name="page">Guest-physical address of the page.</param>
    /// <param name="table">Flags of an entry that points to a table.</param>
    /// <returns>The entry in the copies that maps the page.</returns>
    public static PageTableEntry* CopyPath(ulong from, PageLevel level, ulong to, ulong page, PageFlags table)
    {
        for (ulong own = to; ; own += PageSizes.Size4K, level--)
        {
            PageTables.Copy(from, own);
            PageTableEntry* entry = (PageTableEntry*)own + PageTables.Index(page, level);
            if (level == PageLevel.Page4K)
            {
                return entry;
            }

            ulong below = own + PageSizes.Size4K;
            if (entry->IsLarge)
            {
                // No shared table from here on: make the content the large page stands for.
                return SplitDown(entry, level, below, page, table);
            }

            from = entry->Address;
            *entry = new PageTableEntry(below, table);
        }
    }

    /// <summary>
    /// Takes changes of the shared tables over into a processor's own path. Its entries on the way to the page stay as they are: each is written in one piece, while the
    /// processor may be using it.
    /// </summary>
    /// <param name="sharedRoot">Root of the tables all share.</param>
    /// <param name="tables">Address of the four pages.</param>
    /// <param name="page">Guest-physical address of the local APIC page.</param>
    public static void RefreshOwnPath(ulong sharedRoot, ulong tables, ulong page)
    {
        PageTableEntry* shared = (PageTableEntry*)sharedRoot;
        PageTableEntry whole = default; // the large page that is divided only here, once there is one
        PageLevel level = PageLevel.Root;
        for (ulong own = tables; level >= PageLevel.Page4K; own += PageSizes.Size4K, level--)
        {
            int way = PageTables.Index(page, level);
            for (int i = 0; i < PageSizes.EntriesPerTable; i++)
            {
                if (i != way)
                {
                    ((PageTableEntry*)own)[i] = shared != null ? shared[i] : PageTables.Piece(whole, level + 1, i);
                }
            }

            PageTableEntry next = shared != null ? shared[way] : PageTables.Piece(whole, level + 1, way);
            whole = next;
            shared = next.IsLarge || shared == null ? null : (PageTableEntry*)next.Address;
        }
    }

    private static PageTableEntry* SplitDown(PageTableEntry* entry, PageLevel level, ulong at, ulong page, PageFlags table)
    {
        for (; level > PageLevel.Page4K; at += PageSizes.Size4K)
        {
            PageTables.Split(*entry, level, (PageTableEntry*)at);
            *entry = new PageTableEntry(at, table);
            level--;
            entry = (PageTableEntry*)at + PageTables.Index(page, level);
        }

        return entry;
    }
}
