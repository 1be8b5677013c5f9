using Hypervisor.Core.Cpu;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;
using Hypervisor.Core.Memory.Mtrr;

namespace Hypervisor.Core.Vmx;

/// <summary>
/// The extended page tables all processors share: every guest-physical address is itself, with the memory type its MTRRs give it, but for the host's memory, which
/// shows a page of zeros.
/// </summary>
/// <remarks>
/// The processor does not look at MTRRs for what a guest reaches through EPT (Intel SDM vol 3 §28.2.7), so the tables carry their types, in the largest pages that
/// have one type alone. When the guest changes its MTRRs, complete new tables are built in memory set aside at load; nothing in use is ever edited for it.
/// </remarks>
public static unsafe class EptTables
{
    /// <summary>
    /// Tables that suffice for the MTRRs of any firmware or operating system: the root and its 1 GiB tables; for the host's memory, which is mapped in 4 KiB pages, one of
    /// each finer kind for every 1 GiB and 2 MiB it touches; two for the page of the local APIC; two for the fixed ranges below 1 MiB; and two for each variable range,
    /// because a range whose mask has no holes is aligned to its size, so both its ends lie in the same 1 GiB and 2 MiB, or on their borders.
    /// </summary>
    /// <param name="physicalAddressBits">Physical address bits of the processor.</param>
    /// <param name="regionSize">Bytes of the host's memory.</param>
    /// <param name="variableCount">Number of variable MTRRs.</param>
    public static uint PagesNeeded(int physicalAddressBits, ulong regionSize, int variableCount)
    {
        const uint finerKinds = 2;
        uint region = (uint)((regionSize / PageSizes.Size1G) + (regionSize / PageSizes.Size2M)) + (finerKinds * 2);
        return 1 + NestedTables.RootEntries(physicalAddressBits) + region + (finerKinds * (uint)(2 + variableCount));
    }

    /// <summary>
    /// Builds the tables. Where <see cref="PagesNeeded"/> does not suffice, because masks have holes, what is left is uncacheable (<see cref="EptEntry.IsCoarse"/>), and
    /// the arena is exhausted.
    /// </summary>
    /// <param name="machine">Says where the host's memory is.</param>
    /// <param name="mtrrs">Memory types.</param>
    /// <param name="apicPage">Address of the local APIC's page, which gets an entry of its own to trap writes with; 0 for none.</param>
    /// <param name="arena">Where tables come from.</param>
    /// <returns>The root; 0 when the arena does not suffice even for the host's memory.</returns>
    public static ulong Build(MachineData* machine, MtrrState* mtrrs, ulong apicPage, PageArena* arena)
    {
        ulong end = End(machine->PhysicalAddressBits);
        ulong root = arena->Allocate();
        for (uint i = 0; i < NestedTables.RootEntries(machine->PhysicalAddressBits); i++)
        {
            ulong table = arena->Allocate();
            if (table == 0)
            {
                return 0;
            }

            Fill(table, i * PageSizes.RootEntry, PageLevel.Page1G, end, mtrrs);
            ((EptEntry*)root)[i] = EptEntry.Table(table);
        }

        // What must be comes first: it shall not depend on what the guest put into its MTRRs.
        if (apicPage != 0 && apicPage < end && Entry(root, apicPage, mtrrs, arena) == null)
        {
            return 0;
        }

        for (ulong page = machine->RegionBase; page < machine->RegionBase + machine->RegionSize; page += PageSizes.Size4K)
        {
            EptEntry* entry = Entry(root, page, mtrrs, arena);
            if (entry == null)
            {
                return 0;
            }

            *entry = new EptEntry(machine->ZeroPage, EptRights.ReadOnly, MemoryType.WriteBack, PageLevel.Page4K);
        }

        // Coarse to fine, so that what cannot be told apart any more is as little as possible.
        Refine(root, PageLevel.Root, PageLevel.Page1G, mtrrs, arena);
        Refine(root, PageLevel.Root, PageLevel.Page2M, mtrrs, arena);
        return root;
    }

    /// <summary>The entry that maps <paramref name="address"/>, of whatever size; null where a level is not present.</summary>
    public static EptEntry* Find(ulong root, ulong address, out PageLevel level)
    {
        ulong table = root;
        for (level = PageLevel.Root; ; level--)
        {
            EptEntry* entry = (EptEntry*)table + PageTables.Index(address, level);
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

    /// <summary>First guest-physical address that is not mapped: beyond it an entry would be misconfigured (Intel SDM vol 3 §28.2.3.1).</summary>
    private static ulong End(int physicalAddressBits) => 1UL << System.Math.Min(physicalAddressBits, NestedTables.AddressBits);

    /// <summary>Fills a table with entries that map pages to themselves. Most tables have one type throughout: then it is asked for once.</summary>
    private static void Fill(ulong table, ulong start, PageLevel level, ulong end, MtrrState* mtrrs)
    {
        bool same = mtrrs->TryTypeOf(start, PageSizes.Covered(level + 1), out MemoryType type);
        EptEntry* entry = (EptEntry*)table;
        for (ulong address = start; address < end && entry < (EptEntry*)table + PageSizes.EntriesPerTable; address += PageSizes.Covered(level))
        {
            bool uniform = same || mtrrs->TryTypeOf(address, PageSizes.Covered(level), out type);
            *entry++ = uniform
                ? new EptEntry(address, EptRights.Full, type, level)
                : new EptEntry(address, EptRights.Full, MemoryType.Uncacheable, level).AsCoarse();
        }
    }

    /// <summary>Puts a table in the place of a large page.</summary>
    private static bool Split(EptEntry* entry, PageLevel level, MtrrState* mtrrs, PageArena* arena)
    {
        ulong table = arena->Allocate();
        if (table == 0)
        {
            return false;
        }

        Fill(table, entry->Address, level - 1, ulong.MaxValue, mtrrs);
        *entry = EptEntry.Table(table);
        return true;
    }

    /// <summary>The 4 KiB entry for an address, made where there is none; null when the arena is exhausted.</summary>
    private static EptEntry* Entry(ulong root, ulong address, MtrrState* mtrrs, PageArena* arena)
    {
        while (true)
        {
            EptEntry* entry = Find(root, address, out PageLevel level);
            if (entry == null || level == PageLevel.Page4K)
            {
                return entry;
            }

            if (!Split(entry, level, mtrrs, arena))
            {
                return null;
            }
        }
    }

    /// <summary>Splits all pages of one size that have more than one memory type, as long as there are tables.</summary>
    private static void Refine(ulong table, PageLevel at, PageLevel level, MtrrState* mtrrs, PageArena* arena)
    {
        for (int i = 0; i < PageSizes.EntriesPerTable && !arena->Exhausted; i++)
        {
            EptEntry* entry = (EptEntry*)table + i;
            if (at != level && entry->Present && !entry->IsLarge)
            {
                Refine(entry->Address, at - 1, level, mtrrs, arena);
            }
            else if (at == level && entry->IsCoarse)
            {
                _ = Split(entry, level, mtrrs, arena);
            }
        }
    }
}
