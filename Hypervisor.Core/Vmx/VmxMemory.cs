using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Vmx;

/// <summary>Stand-in.</summary>
public static unsafe class VmxMemory
{
    /// <summary>Stand-in.</summary>
    public static uint Pages(int bits, ulong regionSize) => NestedTables.RootEntries(bits) + 8 + (uint)(regionSize / PageSizes.Size2M);

    /// <summary>Stand-in.</summary>
    public static bool Build(MachineData* machine, PageArena* arena)
    {
        const PageFlags table = (PageFlags)7;
        const PageFlags full = (PageFlags)(7 | (6 << 3));
        machine->Nested = new NestedFormat { Table = table, Full = full, ReadOnly = full & ~PageFlags.Writable };
        ulong root = arena->Allocate();
        uint entries = NestedTables.RootEntries(machine->PhysicalAddressBits);
        for (uint i = 0; i < entries; i++)
        {
            ulong t = arena->Allocate();
            if (t == 0) { return false; }
            PageTables.FillGigabytes(t, i * PageSizes.RootEntry, full);
            ((PageTableEntry*)root)[i] = new PageTableEntry(t, table);
        }

        for (ulong page = machine->RegionBase; page < machine->RegionBase + machine->RegionSize; page += PageSizes.Size4K)
        {
            PageTableEntry* entry = PageTables.Entry(root, page, PageLevel.Page4K, arena);
            if (entry == null) { return false; }
            *entry = new PageTableEntry(machine->ZeroPage, machine->Nested.ReadOnly);
        }

        // intermediate entries
        for (ulong page = machine->RegionBase; page < machine->RegionBase + machine->RegionSize; page += PageSizes.Size2M)
        {
            ulong t = root;
            for (PageLevel level = PageLevel.Root; level > PageLevel.Page4K; level--)
            {
                PageTableEntry* e = (PageTableEntry*)t + PageTables.Index(page, level);
                *e = new PageTableEntry(e->Address, table);
                t = e->Address;
            }
        }

        machine->NestedRoot = root;
        return true;
    }
}
