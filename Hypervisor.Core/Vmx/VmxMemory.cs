using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;
using Hypervisor.Core.Memory.Mtrr;
using Hypervisor.Core.Traps;

namespace Hypervisor.Core.Vmx;

/// <summary>
/// The guest's memory under VMX: extended page tables with the memory types of its MTRRs, built anew when it changes them (C6, R-61). All processors share them;
/// each has its own path to its local APIC's page.
/// </summary>
public static unsafe class VmxMemory
{
    private const int MaximumFollowPolls = 2_000_000;

    /// <summary>Pages of both sets of tables and of what belongs to them.</summary>
    /// <param name="physicalAddressBits">Physical address bits of the processor.</param>
    /// <param name="regionSize">Bytes of the host's memory without these pages.</param>
    public static uint Pages(int physicalAddressBits, ulong regionSize) => 1 + SplitTables.Pages + (VmxMachineData.Halves * HalfPages(physicalAddressBits, regionSize));

    /// <summary>Builds the tables.</summary>
    /// <returns>False when memory does not suffice.</returns>
    public static bool Build(MachineData* machine, PageArena* arena)
    {
        machine->Nested = new NestedFormat
        {
            Table = (PageFlags)EptEntry.Table(0).Value,
            Full = (PageFlags)new EptEntry(0, EptRights.Full, MemoryType.WriteBack, PageLevel.Page4K).Value,
            ReadOnly = (PageFlags)new EptEntry(0, EptRights.ReadOnly, MemoryType.WriteBack, PageLevel.Page4K).Value,
        };
        VmxMachineData* shared = (VmxMachineData*)arena->Allocate();
        uint pages = HalfPages(machine->PhysicalAddressBits, machine->RegionSize);
        ulong tables = arena->Allocate(VmxMachineData.Halves * pages, PageSizes.Size4K);
        if (tables == 0)
        {
            return false;
        }

        machine->VendorData = (ulong)shared;
        shared->Tables = tables;
        shared->HalfSize = pages * PageSizes.Size4K;
        shared->SplitTables = SplitTables.Build(arena);
        MtrrState.Read(machine->PhysicalAddressBits, &shared->MemoryTypes);
        machine->NestedRoot = BuildHalf(machine, shared, 0, &shared->MemoryTypes);
        return machine->NestedRoot != 0 && shared->SplitTables != null;
    }

    /// <summary>
    /// The guest has written an MTRR. While it changes them, caches off and MTRRs off (Intel SDM vol 3 §11.11.8), everything is uncacheable anyway: CR0.CD counts also
    /// through EPT (§28.2.7.2). New tables are built when they are on again, and differ.
    /// </summary>
    internal static void MtrrWritten(ProcessorData* processor)
    {
        MachineData* machine = processor->Machine;
        VmxMachineData* shared = Shared(machine);
        MtrrState now;
        MtrrState.Read(machine->PhysicalAddressBits, &now);
        bool changing = !now.DefaultType.Enabled && new Cr0(Instructions.ReadCr0()).CacheDisable;
        if (changing || MtrrState.AreEqual(&now, &shared->MemoryTypes))
        {
            return;
        }

        while (Instructions.CompareExchange(&shared->Lock, 1, 0) != 0)
        {
            Virtualization.Follow(processor); // whoever holds the lock waits for this processor
            Instructions.Pause();
        }

        TrapShootdown.Lock(processor); // claims are put into the new tables

        // Systems write the same MTRRs on all processors at once: another one may have built what this one wants.
        if (!MtrrState.AreEqual(&now, &shared->MemoryTypes) && WaitForAll(processor, shared))
        {
            Publish(processor, shared, &now);
            _ = WaitForAll(processor, shared);
        }

        TrapShootdown.Unlock(processor);
        Instructions.Exchange(&shared->Lock, 0);
    }

    /// <summary>Takes over tables that were published since this processor last looked.</summary>
    internal static void Follow(ProcessorData* processor)
    {
        VmxMachineData* shared = Shared(processor->Machine);
        while (processor->MemoryTypeGeneration != shared->Generation)
        {
            uint generation = shared->Generation;
            ApicTrap.BuildWindow<VmxGuest>(processor);
            VmxGuest.FlushIfNeeded(processor);
            processor->MemoryTypeGeneration = generation;
        }
    }

    private static VmxMachineData* Shared(MachineData* machine) => (VmxMachineData*)machine->VendorData;

    private static uint HalfPages(int physicalAddressBits, ulong regionSize)
    {
        // Where the region will begin is not known yet, nor the size of these tables themselves: a 2 MiB more takes care of both.
        MtrrState mtrrs;
        MtrrState.Read(physicalAddressBits, &mtrrs);
        return EptTables.PagesNeeded(physicalAddressBits, regionSize + PageSizes.Size2M, mtrrs.VariableCount);
    }

    private static ulong BuildHalf(MachineData* machine, VmxMachineData* shared, uint half, MtrrState* mtrrs)
    {
        ulong start = shared->Tables + (half * shared->HalfSize);
        PageArena arena = new(start, start + shared->HalfSize);
        ulong root = EptTables.Build(machine, mtrrs, LocalApic.Base.PageAddress, &arena);
        if (root != 0 && arena.Exhausted)
        {
            Log.Write(LogLevel.Warning, 0, "the MTRRs divide memory finer than there are tables for: what is left is uncacheable"u8);
        }

        return root;
    }

    private static void Publish(ProcessorData* processor, VmxMachineData* shared, MtrrState* mtrrs)
    {
        MachineData* machine = processor->Machine;
        uint half = shared->Active ^ 1;
        ulong root = BuildHalf(machine, shared, half, mtrrs);
        if (root == 0)
        {
            Log.Write(LogLevel.Error, processor->Index, "memory types stay as they were: the tables set aside do not suffice"u8);
            return;
        }

        SplitTables* split = shared->SplitTables;
        split->Clear();
        if (!NestedTraps.Apply(machine, root, split))
        {
            Log.Write(LogLevel.Error, processor->Index, "memory types stay as they were: claims need more page tables than are set aside"u8);
            return;
        }

        shared->SplitTables = machine->SplitTables;
        machine->SplitTables = split;
        shared->MemoryTypes = *mtrrs;
        shared->Active = half;
        machine->NestedRoot = root;
        Instructions.ExchangeAdd(&shared->Generation, 1);
        for (uint i = 0; i < machine->ProcessorCount; i++)
        {
            ProcessorData* other = machine->Processors[i].Data;
            if (other != processor && ProcessorStartup.Runs(other))
            {
                ProcessorStartup.Kick(other);
            }
        }
    }

    /// <summary>Waits until every processor that runs has left the spare set of tables.</summary>
    /// <returns>False when one does not: the spare set must not be touched.</returns>
    private static bool WaitForAll(ProcessorData* processor, VmxMachineData* shared)
    {
        MachineData* machine = processor->Machine;
        Follow(processor);
        for (uint i = 0; i < machine->ProcessorCount; i++)
        {
            ProcessorData* other = machine->Processors[i].Data;
            for (int poll = 0; ProcessorStartup.Runs(other) && other->MemoryTypeGeneration != shared->Generation; poll++)
            {
                if (poll == MaximumFollowPolls)
                {
                    Log.Begin(LogLevel.Error, processor->Index).Text("processor "u8).Decimal(other->Index).Text(" does not take over new memory types"u8).End();
                    return false;
                }

                Virtualization.Follow(processor); // it may be waiting for this one
                Instructions.Pause();
            }
        }

        return true;
    }
}
