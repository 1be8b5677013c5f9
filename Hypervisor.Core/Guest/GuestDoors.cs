using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;
using Hypervisor.Core.Traps;

namespace Hypervisor.Core.Guest;

/// <summary>Opens doors for one instruction of the guest, and shuts them (see <see cref="GuestStep"/>).</summary>
public static unsafe class GuestDoors
{
    /// <summary>Shows a page of scratch memory at <paramref name="page"/>, which belongs to the host, for one instruction.</summary>
    /// <returns>False when the instruction touches more pages than an instruction can.</returns>
    public static bool OpenProtectedPage<TGuest>(ProcessorData* processor, ulong page)
        where TGuest : struct, IGuestProcessor
    {
        GuestStep* step = &processor->Step;
        if (step->PageCount == GuestStep.MaximumPages)
        {
            return false;
        }

        step->Pages[step->PageCount++] = page;
        Show(processor, page, processor->Machine->ScratchPage, processor->Machine->Nested.Full);
        Begin<TGuest>(processor);
        return true;
    }

    /// <summary>Tables on the way to a page, without the root.</summary>
    public const uint TablePages = 3;

    /// <summary>Lets this processor reach a claimed page for one instruction; for all others the claim stays.</summary>
    /// <param name="processor">The processor.</param>
    /// <param name="page">Guest-physical address of the page.</param>
    /// <param name="writable">Whether it may be written; else reads and fetches pass.</param>
    /// <returns>False when the instruction touches more than one: each in turn would be shut for the other, for ever.</returns>
    public static bool OpenClaimedPage<TGuest>(ProcessorData* processor, ulong page, bool writable)
        where TGuest : struct, IGuestProcessor
    {
        GuestStep* step = &processor->Step;
        if (step->ClaimedRootEntry != 0 || (step->PageBefore != 0 && step->PageBefore != page))
        {
            return false;
        }

        NestedFormat format = processor->Machine->Nested;
        PageTableEntry* own = OwnRootEntry(processor, page);
        step->ClaimedRootEntry = own->Value;
        step->ClaimedPage = page;
        PageTableEntry* entry = NestedTables.CopyPath(own->Address, PageLevel.Page1G, processor->DoorTables, page, format.Table);
        *entry = new PageTableEntry(entry->Value | ((ulong)(writable ? format.Full : format.ReadOnly) & NestedTraps.Rights));
        *own = new PageTableEntry(processor->DoorTables, format.Table);
        Begin<TGuest>(processor);
        return true;
    }

    /// <summary>
    /// Shuts the door to a claimed page before shared tables are followed: the copies behind it show the tables as they were. The instruction finds the page shut, and it is opened again.
    /// </summary>
    public static void ShutClaimedPage(ProcessorData* processor)
    {
        GuestStep* step = &processor->Step;
        if (step->ClaimedRootEntry != 0)
        {
            *OwnRootEntry(processor, step->ClaimedPage) = new PageTableEntry(step->ClaimedRootEntry);
            step->ClaimedRootEntry = 0;
            processor->ApicWindow.FlushNeeded = true;
        }
    }

    /// <summary>Lets all ports pass for one instruction.</summary>
    public static void OpenPorts<TGuest>(ProcessorData* processor)
        where TGuest : struct, IGuestProcessor
    {
        processor->Step.PortsOpen = true;
        TGuest.OpenPorts(processor, open: true);
        Begin<TGuest>(processor);
    }

    /// <summary>Lets this processor's writes to its local APIC page pass for one instruction.</summary>
    public static void OpenApicPage<TGuest>(ProcessorData* processor)
        where TGuest : struct, IGuestProcessor
    {
        processor->Step.ApicOpen = true;
        bool armed = processor->ApicWindow.Armed;
        ApicTrap.Set(processor, armed: false);
        processor->ApicWindow.Armed = armed;
        Begin<TGuest>(processor);
    }

    /// <summary>Makes the guest stop behind its next instruction.</summary>
    public static void Begin<TGuest>(ProcessorData* processor)
        where TGuest : struct, IGuestProcessor
    {
        TGuest.BeginStep(processor);
        processor->Step.Active = true;
        processor->Step.RipLow = (uint)TGuest.Rip(processor);
        processor->ApicWindow.FlushNeeded = true;
    }

    /// <summary>Shuts every door, and takes the step back.</summary>
    public static void Shut<TGuest>(ProcessorData* processor)
        where TGuest : struct, IGuestProcessor
    {
        GuestStep* step = &processor->Step;
        MachineData* machine = processor->Machine;
        for (uint i = 0; i < step->PageCount; i++)
        {
            Show(processor, step->Pages[i], machine->ZeroPage, machine->Nested.ReadOnly);
        }

        ShutClaimedPage(processor);
        if (step->PageCount != 0)
        {
            Clear((ulong*)machine->ScratchPage);
        }

        if (step->ApicOpen && processor->ApicWindow.Entry != 0)
        {
            ApicTrap.Set(processor, processor->ApicWindow.Armed);
        }

        if (step->PortsOpen)
        {
            TGuest.OpenPorts(processor, open: false);
        }

        if (step->Active)
        {
            TGuest.EndStep(processor);
        }

        processor->Nmi.SteppingIret = false;
        processor->ApicWindow.FlushNeeded = true;
        *step = default;
    }

    private static PageTableEntry* OwnRootEntry(ProcessorData* processor, ulong page) =>
        (PageTableEntry*)ProcessorBlock.NestedTablesOf(processor) + PageTables.Index(page, PageLevel.Root);

    private static void Clear(ulong* page)
    {
        for (int i = 0; i < (int)PageSizes.Size4K / sizeof(ulong); i++)
        {
            page[i] = 0;
        }
    }

    private static void Show(ProcessorData* processor, ulong page, ulong shown, PageFlags flags)
    {
        // The shared tables and, where the local APIC page lies in the same 1 GiB or 2 MiB, this processor's own copies.
        Set(processor->Machine->NestedRoot, page, shown, flags);
        Set(ProcessorBlock.NestedTablesOf(processor), page, shown, flags);
    }

    private static void Set(ulong root, ulong page, ulong shown, PageFlags flags)
    {
        PageTableEntry* entry = PageTables.Find(root, page, out PageLevel level);
        if (entry != null && level == PageLevel.Page4K)
        {
            *entry = new PageTableEntry(shown, flags);
        }
    }
}
