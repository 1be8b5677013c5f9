using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Traps;

/// <summary>Makes every processor that runs the guest follow a change of claims: translations are dropped, and nobody is left who looks at what was before.</summary>
public static unsafe class TrapShootdown
{
    private const int MaximumFollowPolls = 2_000_000;

    /// <summary>Takes the lock on claims. Whoever waits for it follows the changes of the one who holds it.</summary>
    public static void Lock(ProcessorData* processor)
    {
        uint* word = &processor->Machine->Traps->Lock;
        while (Instructions.CompareExchange(word, 1, 0) != 0)
        {
            Virtualization.Follow(processor);
            Instructions.Pause();
        }
    }

    /// <summary>Gives the lock back.</summary>
    public static void Unlock(ProcessorData* processor) => Instructions.Exchange(&processor->Machine->Traps->Lock, 0);

    /// <summary>Announces a change and returns when every processor that runs has followed it. Called with the lock held.</summary>
    /// <returns>False, with a line in the log, when one does not: what was before must not be used again.</returns>
    public static bool All(ProcessorData* processor)
    {
        MachineData* machine = processor->Machine;
        uint generation = Instructions.ExchangeAdd(&machine->Traps->Generation, 1) + 1;
        Virtualization.Follow(processor);
        for (uint i = 0; i < machine->ProcessorCount; i++)
        {
            ProcessorData* other = machine->Processors[i].Data;
            if (other != processor && ProcessorStartup.Runs(other))
            {
                ProcessorStartup.Kick(other);
            }
        }

        bool fine = true;
        for (uint i = 0; i < machine->ProcessorCount; i++)
        {
            fine &= TryAwait(processor, machine->Processors[i].Data, generation);
        }

        return fine;
    }

    /// <summary>On a processor: takes a change of claims over into its own tables, and drops its translations.</summary>
    public static void Follow(ProcessorData* processor)
    {
        uint generation = Instructions.ReadMmio32((ulong)&processor->Machine->Traps->Generation);
        if (processor->TrapGeneration != generation)
        {
            if (processor->ApicWindow.Page != 0)
            {
                NestedTables.RefreshOwnPath(processor->Machine->NestedRoot, ProcessorBlock.NestedTablesOf(processor), processor->ApicWindow.Page);
            }

            processor->ApicWindow.FlushNeeded = true;
            processor->TrapGeneration = generation;
        }
    }

    private static bool TryAwait(ProcessorData* processor, ProcessorData* other, uint generation)
    {
        for (int poll = 0; ProcessorStartup.Runs(other) && Instructions.ReadMmio32((ulong)&other->TrapGeneration) != generation; poll++)
        {
            if (poll == MaximumFollowPolls)
            {
                Log.Begin(LogLevel.Error, processor->Index).Text("processor "u8).Decimal(other->Index).Text(" does not follow a change of claims"u8).End();
                return false;
            }

            Virtualization.Follow(processor); // it may be waiting for this one
            Instructions.Pause();
        }

        return true;
    }
}
