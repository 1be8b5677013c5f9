using Hypervisor.Core.Cpu;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Guest.Startup;

/// <summary>
/// The trap on interrupt commands: when it is needed, and how it comes and goes. It is armed while any processor may be started by INIT and SIPI,
/// and dropped, by each processor for itself at its next trapped write, once the operating system has started them all. What arms it again is the first
/// step of the start-up algorithm (<see cref="ShutdownCode"/>), and, where the processor can
/// redirect INIT, the INIT itself.
/// </summary>
public static unsafe class ApicTrap
{
    /// <summary>Trapped writes without an INIT after which an armed trap is dropped again.</summary>
    public const uint WritesUntilDropped = 1000;

    /// <summary>State of the trap when it is wanted and no start is announced; each one announced adds one.</summary>
    public const uint Wanted = 1;

    private const uint MostAnnounced = 1000;
    private const int MaximumAcknowledgePolls = 2_000_000;

    /// <summary>Whether this processor should let its writes to the page pass from now on.</summary>
    public static bool ShouldDrop(ProcessorData* processor)
    {
        MachineData* machine = processor->Machine;
        if (machine->KeepApicTrap)
        {
            return false;
        }

        uint wanted = machine->ApicTrapWanted;
        if (wanted != 0 && machine->ApicTrapBudget != 0 && --machine->ApicTrapBudget == 0 && AllStarted(machine))
        {
            // What was announced has not come: nobody waits for it any longer, unless it is announced again at this moment.
            Instructions.CompareExchange(&machine->ApicTrapWanted, 0, wanted);
        }

        return machine->ApicTrapWanted == 0;
    }

    /// <summary>Called for each processor that the guest has started.</summary>
    public static void ProcessorStarted(ProcessorData* processor)
    {
        processor->Startup.Starts++;
        MachineData* machine = processor->Machine;
        processor->Startup.StartsBehindFirmware += machine->BootServicesExited;
        bool again = processor->Startup.StartsBehindFirmware > 1; // what the firmware does, it does once
        processor->Startup.StartedByOs = machine->OperatingSystemRuns != 0 || again ? 1u : 0;
    }

    /// <summary>
    /// Called when a SIPI has started processors: one of the starts that were announced has come. Where it was the last one the trap is dropped. Not before: between
    /// INIT and SIPI somebody else's start may end.
    /// </summary>
    public static void StartSent(MachineData* machine)
    {
        uint wanted = machine->ApicTrapWanted;
        while (wanted > Wanted)
        {
            uint found = Instructions.CompareExchange(&machine->ApicTrapWanted, wanted - 1, wanted);
            if (found == wanted)
            {
                break;
            }

            wanted = found;
        }

        if (AllStarted(machine))
        {
            Instructions.CompareExchange(&machine->ApicTrapWanted, 0, Wanted);
        }
    }

    /// <summary>Arms the trap on every processor and returns when all those that run have followed.</summary>
    /// <param name="processor">The executing processor.</param>
    /// <param name="startFollows">Whether a start is announced: until its SIPI has come, nobody drops the trap.</param>
    public static void ArmEverywhere(ProcessorData* processor, bool startFollows)
    {
        MachineData* machine = processor->Machine;
        machine->ApicTrapBudget = WritesUntilDropped;
        if (Announce(machine, startFollows))
        {
            for (uint i = 0; i < machine->ProcessorCount; i++)
            {
                ProcessorData* other = machine->Processors[i].Data;
                if (other != processor && ProcessorStartup.Runs(other))
                {
                    ProcessorStartup.Kick(other);
                }
            }
        }

        // Whoever asks while another is still arming waits for the same thing.
        Follow(processor);
        for (uint i = 0; i < machine->ProcessorCount; i++)
        {
            ProcessorData* other = machine->Processors[i].Data;
            for (int poll = 0; poll < MaximumAcknowledgePolls && other != processor && ProcessorStartup.Runs(other) && IsBehind(other); poll++)
            {
                Virtualization.Follow(processor); // two that wait for each other must not wait for ever
                Instructions.Pause();
            }
        }
    }

    /// <summary>Whether the trap was armed since this processor last looked.</summary>
    public static bool IsBehind(ProcessorData* processor) => processor->ApicWindow.Generation != processor->Machine->ApicTrapGeneration;

    /// <summary>Arms this processor's trap if that was asked for; the vendor flushes its translations when <see cref="ApicWindow.FlushNeeded"/>.</summary>
    public static void Follow(ProcessorData* processor)
    {
        if (IsBehind(processor))
        {
            Set(processor, armed: true);
            processor->ApicWindow.Generation = processor->Machine->ApicTrapGeneration;
        }
    }

    /// <summary>Opens or shuts this processor's window onto its local APIC page.</summary>
    public static void Set(ProcessorData* processor, bool armed)
    {
        ApicWindow* window = &processor->ApicWindow;
        window->Armed = armed;
        if (window->Entry != 0)
        {
            PageTableEntry* entry = (PageTableEntry*)window->Entry;
            *entry = new PageTableEntry(window->Page, armed ? entry->Flags & ~PageFlags.Writable : entry->Flags | PageFlags.Writable);
        }

        window->FlushNeeded = true;
    }

    /// <summary>Builds this processor's own nested tables around the page its local APIC is at now.</summary>
    public static void BuildWindow<TGuest>(ProcessorData* processor)
        where TGuest : struct, IGuestProcessor
    {
        MachineData* machine = processor->Machine;
        ApicBase apic = LocalApic.Base;
        ulong tables = ProcessorBlock.NestedTablesOf(processor);
        ulong page = apic.PageAddress;
        bool outside = page < machine->RegionBase || page >= machine->RegionBase + machine->RegionSize;
        processor->ApicWindow.Page = page;
        processor->ApicWindow.X2Apic = apic.IsX2Apic;
        PageTableEntry* entry = NestedTables.BuildOwnPath(machine->NestedRoot, tables, page, machine->Nested.Table);
        processor->ApicWindow.Entry = apic.IsXApic && outside ? (ulong)entry : 0;
        if (apic.IsXApic)
        {
            processor->ApicWindow.LogicalDestination = Instructions.ReadMmio32(page + LocalApic.LogicalDestinationRegister);
            processor->ApicWindow.DestinationFormat = Instructions.ReadMmio32(page + LocalApic.DestinationFormatRegister);
        }

        TGuest.SetNestedRoot(processor, tables);
        processor->ApicWindow.Generation = machine->ApicTrapGeneration;
        Set(processor, machine->ApicTrapWanted != 0);
    }

    /// <summary>Wants the trap, and notes a start to come.</summary>
    /// <returns>Whether the others have to be told to follow.</returns>
    private static bool Announce(MachineData* machine, bool startFollows)
    {
        uint before = machine->ApicTrapWanted;
        bool counted = false;
        while (true)
        {
            if (before == 0 && !counted)
            {
                // Counted first: whoever sees that the trap is wanted must also see that it has to follow.
                Instructions.ExchangeAdd(&machine->ApicTrapGeneration, 1);
                counted = true;
            }

            uint after = System.Math.Max(before, Wanted) + (startFollows && before < MostAnnounced ? 1u : 0);
            uint found = Instructions.CompareExchange(&machine->ApicTrapWanted, after, before);
            if (found == before)
            {
                return counted;
            }

            before = found;
        }
    }

    private static bool AllStarted(MachineData* machine)
    {
        for (uint i = 0; i < machine->ProcessorCount; i++)
        {
            ProcessorData* processor = machine->Processors[i].Data;
            StartupRequest request = new(processor->Startup.Request);
            if (processor->Startup.StartedByOs == 0 || (request.IsInit && !request.HasSipi))
            {
                return false;
            }
        }

        return true;
    }
}
