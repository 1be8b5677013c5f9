using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;
using Hypervisor.Core.Traps;

namespace Hypervisor.Core.Mediation;

/// <summary>The life of mediators: each step for all of them, in the order of the composition; out of it in reverse.</summary>
public static unsafe class MediatorLife
{
    /// <summary>Notes which mediators there are, when the host is built, and gives them the memory they want.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="arena">Where the memory comes from.</param>
    public static void Prepare(MachineData* machine, PageArena* arena)
    {
        TrapTables* tables = machine->Traps;
        tables->MediatorCount = MediatorObjects.Count;
        for (int i = 0; i < tables->MediatorCount; i++)
        {
            tables->Mediators[i].State = MediatorSelection.IsSelected(i) ? MediatorState.Selected : MediatorState.Off;
            tables->Mediators[i].Fallback = MediatorObjects.Mediator(i).Fallback;
            uint size = MediatorSelection.OwnMemoryOf(i);
            ulong memory = size == 0 ? 0 : arena->Allocate(size / (uint)PageSizes.Size4K, PageSizes.Size4K);
            MediatorObjects.Host(i).Open(machine, memory, memory == 0 ? 0 : size);
        }
    }

    /// <summary>Attaches all that are selected and find something to do.</summary>
    public static void Attach(ProcessorData* processor)
    {
        TrapTables* tables = processor->Machine->Traps;
        for (int i = 0; i < tables->MediatorCount; i++)
        {
            MediatorRecord* record = tables->Mediators + i;
            if (record->State != MediatorState.Selected)
            {
                continue;
            }

            if (MediatorCalls.Life(processor, i, MediatorDoor.Probe) == Verdict.Done)
            {
                _ = MediatorCalls.Life(processor, i, MediatorDoor.Attach);
            }
            else if (record->State == MediatorState.Selected)
            {
                record->State = MediatorState.Absent;
            }

            record->State = record->State == MediatorState.Selected ? MediatorState.Attached : record->State;
            Finish(processor, i);
        }
    }

    /// <summary>Boot services have ended.</summary>
    public static void ExitBootServices(ProcessorData* processor) => Tell(processor, MediatorDoor.ExitBootServices, 0);

    /// <summary>The guest has started a processor.</summary>
    public static void ProcessorStarted(ProcessorData* processor) => Tell(processor, MediatorDoor.ProcessorStart, processor->Index);

    /// <summary>The machine is about to sleep, to go off or to be reset.</summary>
    public static void Sleep(ProcessorData* processor, SleepState state)
    {
        TrapTables* tables = processor->Machine->Traps;
        for (int i = tables->MediatorCount - 1; i >= 0; i--)
        {
            if (tables->Mediators[i].State == MediatorState.Attached)
            {
                tables->Mediators[i].State = MediatorState.Asleep;
                _ = MediatorCalls.Life(processor, i, MediatorDoor.Sleep, (uint)state);
            }
        }
    }

    /// <summary>It has woken, or did not fall asleep.</summary>
    public static void Resume(ProcessorData* processor)
    {
        TrapTables* tables = processor->Machine->Traps;
        for (int i = 0; i < tables->MediatorCount; i++)
        {
            if (tables->Mediators[i].State == MediatorState.Asleep)
            {
                tables->Mediators[i].State = MediatorState.Attached;
                _ = MediatorCalls.Life(processor, i, MediatorDoor.Resume);
            }
        }
    }

    /// <summary>Takes a mediator out of its doorways.</summary>
    /// <returns>False when it was not in them.</returns>
    public static bool Detach(ProcessorData* processor, int mediator)
    {
        MediatorRecord* record = processor->Machine->Traps->Mediators + mediator;
        if (record->State is not (MediatorState.Attached or MediatorState.Failed))
        {
            return false;
        }

        if (record->State == MediatorState.Attached)
        {
            _ = MediatorCalls.Life(processor, mediator, MediatorDoor.Detach);
        }

        record->State = MediatorState.Detached;
        MediatorObjects.Host(mediator).ReleaseAll(processor);
        return true;
    }

    private static void Tell(ProcessorData* processor, MediatorDoor door, uint argument)
    {
        TrapTables* tables = processor->Machine->Traps;
        for (int i = 0; i < tables->MediatorCount; i++)
        {
            if (tables->Mediators[i].State == MediatorState.Attached)
            {
                _ = MediatorCalls.Life(processor, i, door, argument);
            }
        }
    }

    /// <summary>What an attempt to attach has come to.</summary>
    private static void Finish(ProcessorData* processor, int mediator)
    {
        MediatorRecord* record = processor->Machine->Traps->Mediators + mediator;
        if (record->State == MediatorState.Failed && record->Fallback == Fallback.Pass)
        {
            MediatorObjects.Host(mediator).ReleaseAll(processor);
        }

        if (record->State is MediatorState.Attached or MediatorState.Absent)
        {
            Log.Begin(LogLevel.Information, processor->Index).Text("mediator "u8).Text(MediatorObjects.Mediator(mediator).Name)
                .Text(record->State == MediatorState.Attached ? " attached"u8 : ": nothing to do on this machine"u8).End();
        }
    }
}
