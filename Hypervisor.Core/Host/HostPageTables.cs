using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Host;

/// <summary>
/// The host's address space. Lower half: all physical memory at its own address, no page of it both writable and executable, guard pages under the
/// stacks and at address 0. Upper half: <see cref="GuestView"/>.
/// </summary>
public static unsafe class HostPageTables
{
    private const PageFlags Data = PageFlags.Present | PageFlags.Writable | PageFlags.NoExecute | PageFlags.Accessed | PageFlags.Dirty;
    private const PageFlags ReadOnlyData = PageFlags.Present | PageFlags.NoExecute | PageFlags.Accessed;
    private const PageFlags Code = PageFlags.Present | PageFlags.Accessed;
    private const int UpperHalf = PageSizes.EntriesPerTable / 2;

    /// <summary>Builds the tables; the window must exist.</summary>
    /// <returns>The root, or 0 when the arena is exhausted.</returns>
    public static ulong Build(MachineData* machine, PageArena* arena)
    {
        PageTableEntry* nested = (PageTableEntry*)machine->WindowRoot;
        ulong root = arena->Allocate();
        ulong low = arena->Allocate();
        if (low == 0)
        {
            return 0;
        }

        PageTables.FillGigabytes(low, 0, Data);
        PageTableEntry* entries = (PageTableEntry*)root;
        entries[0] = new PageTableEntry(low, PageFlags.Table);
        uint count = System.Math.Min(NestedTables.RootEntries(machine->PhysicalAddressBits), (uint)UpperHalf);
        for (uint i = 0; i < count; i++)
        {
            // From 512 GiB on there is nothing of the host: the guest's tables serve, made non-executable from above.
            PageTableEntry shared = new(nested[i].Address, nested[i].Flags | PageFlags.NoExecute);
            entries[UpperHalf + i] = shared;
            if (i != 0)
            {
                entries[i] = shared;
            }
        }

        // A guest's page table may name any address: beyond what exists the window shows the page of zeros.
        ulong zeros = BuildZeros(machine->ZeroPage, arena);
        for (uint i = count; i < UpperHalf; i++)
        {
            entries[UpperHalf + i] = new PageTableEntry(zeros, PageFlags.Table | PageFlags.NoExecute);
        }

        bool fine = zeros != 0 && PageTables.Protect(root, 0, PageSizes.Size4K, PageFlags.None, arena);
        fine &= machine->LowPage == 0 || PageTables.Protect(root, machine->LowPage, machine->LowPage + PageSizes.Size4K, Code, arena);
        return fine ? root : 0;
    }

    /// <summary>Three tables, each with all its entries alike, that show one page everywhere in 512 GiB.</summary>
    private static ulong BuildZeros(ulong zeroPage, PageArena* arena)
    {
        PageTableEntry below = new(zeroPage, ReadOnlyData);
        ulong table = 0;
        for (PageLevel level = PageLevel.Page4K; level < PageLevel.Root; level++)
        {
            table = arena->Allocate();
            if (table == 0)
            {
                return 0;
            }

            for (int i = 0; i < PageSizes.EntriesPerTable; i++)
            {
                ((PageTableEntry*)table)[i] = below;
            }

            below = new PageTableEntry(table, PageFlags.Table);
        }

        return table;
    }

    /// <summary>Makes a section of the image executable or read-only.</summary>
    public static bool ProtectSection(ulong root, ulong start, ulong end, bool executable, PageArena* arena) =>
        PageTables.Protect(root, start, end, executable ? Code : ReadOnlyData, arena);

    /// <summary>Removes the guard pages of a processor's block.</summary>
    public static bool GuardStacks(ulong root, ulong block, PageArena* arena) =>
        PageTables.Protect(root, block + ProcessorBlock.StackGuard, block + ProcessorBlock.StackGuard + PageSizes.Size4K, PageFlags.None, arena)
        && PageTables.Protect(root, block + ProcessorBlock.FaultStackGuard, block + ProcessorBlock.FaultStackGuard + PageSizes.Size4K, PageFlags.None, arena);
}
