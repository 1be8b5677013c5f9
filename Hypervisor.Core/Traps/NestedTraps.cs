using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Traps;

/// <summary>
/// Puts claims of memory into nested page tables: bits 2 to 0 of an entry are what the guest may do, in both vendors' formats (AMD APM vol 2 §15.25.5: P, W, U; Intel SDM vol
/// 3 §28.3.2: R, W, X). An entry whose rights are gone keeps its address and size, so that they can be given back.
/// </summary>
public static unsafe class NestedTraps
{
    /// <summary>The bits of an entry that are rights.</summary>
    public const ulong Rights = 7;

    private const ulong WriteRight = 2;
    private const ulong PageMask = PageSizes.Size4K - 1;
    private const ulong LargeMask = PageSizes.Size2M - 1;

    /// <summary>Makes the entries of a range say what the claims in force say.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="root">Root of the tables.</param>
    /// <param name="first">First byte of the range.</param>
    /// <param name="last">Last byte.</param>
    /// <param name="tables">Where tables that divide large pages come from.</param>
    /// <returns>False when none is left: some entries may have been changed.</returns>
    public static bool Refresh(MachineData* machine, ulong root, ulong first, ulong last, SplitTables* tables)
    {
        MemoryClaims* claims = &machine->Traps->Memory;
        ulong address = first & ~PageMask;
        while (true)
        {
            bool large = (address & LargeMask) == 0 && last - address >= LargeMask && IsUniform(claims, address, address + LargeMask);
            ulong size = large ? PageSizes.Size2M : PageSizes.Size4K;
            if (!SetRights(machine, root, address, large ? PageLevel.Page2M : PageLevel.Page4K, RightsOf(claims, address, address + size - 1), tables))
            {
                return false;
            }

            if (last - address < size)
            {
                return true;
            }

            address += size;
        }
    }

    /// <summary>Puts all claims into tables that have just been made.</summary>
    /// <returns>False when the tables set aside do not suffice.</returns>
    public static bool Apply(MachineData* machine, ulong root, SplitTables* tables)
    {
        MemoryClaims* claims = &machine->Traps->Memory;
        bool fine = true;
        for (int i = 0; i < claims->Count; i++)
        {
            fine &= Refresh(machine, root, (*claims)[i]->First, (*claims)[i]->Last, tables);
        }

        return fine;
    }

    /// <summary>Whether tables map an address at all.</summary>
    public static bool IsMapped(ulong root, ulong address)
    {
        ulong table = root;
        for (PageLevel level = PageLevel.Root; ; level--)
        {
            PageTableEntry entry = ((PageTableEntry*)table)[PageTables.Index(address, level)];
            if (entry.Value == 0 || level == PageLevel.Page4K || entry.IsLarge)
            {
                return entry.Value != 0;
            }

            table = entry.Address;
        }
    }

    /// <summary>Whether the page of an address is claimed, in whole or in part.</summary>
    public static bool IsClaimed(MachineData* machine, ulong address)
    {
        ulong page = address & ~PageMask;
        MemoryClaims* claims = &machine->Traps->Memory;
        return claims->Find(address) != null || claims->Touches(page, page | PageMask, out _);
    }

    /// <summary>Whether every byte of a range is treated alike: claimed by one claim, or by none.</summary>
    private static bool IsUniform(MemoryClaims* claims, ulong first, ulong last)
    {
        MemoryClaim* claim = claims->Find(first);
        return claim != null ? claim->Last >= last : !claims->Touches(first, last, out _);
    }

    private static ulong RightsOf(MemoryClaims* claims, ulong first, ulong last) =>
        !claims->Touches(first, last, out bool readsToo) ? Rights : readsToo ? 0 : Rights & ~WriteRight;

    private static bool SetRights(MachineData* machine, ulong root, ulong address, PageLevel level, ulong rights, SplitTables* tables)
    {
        ulong table = root;
        for (PageLevel at = PageLevel.Root; ; at--)
        {
            PageTableEntry* entry = (PageTableEntry*)table + PageTables.Index(address, at);
            if (at == level)
            {
                if (at != PageLevel.Page4K && !entry->IsLarge)
                {
                    SetAll((PageTableEntry*)entry->Address, rights);
                }
                else
                {
                    Set(entry, rights);
                }

                return true;
            }

            if (entry->IsLarge)
            {
                if ((entry->Value & Rights) == rights)
                {
                    return true; // all of it has them
                }

                if (!tables->TryDivide(entry, at, machine->Nested.Table))
                {
                    return false;
                }
            }

            table = entry->Address;
        }
    }

    private static void SetAll(PageTableEntry* table, ulong rights)
    {
        for (int i = 0; i < PageSizes.EntriesPerTable; i++)
        {
            Set(table + i, rights);
        }
    }

    private static void Set(PageTableEntry* entry, ulong rights) => *entry = new PageTableEntry((entry->Value & ~Rights) | rights);
}
