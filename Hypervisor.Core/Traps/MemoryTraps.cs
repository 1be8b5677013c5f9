using Hypervisor.Core.Host;
using Hypervisor.Core.Host.Sleep;
using Hypervisor.Core.Mediation;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Traps;

/// <summary>The doorways of memory: device registers above all.</summary>
public static unsafe class MemoryTraps
{
    private const ulong PageMask = PageSizes.Size4K - 1;

    /// <summary>Claims memory for a mediator. Called with the lock held.</summary>
    public static ClaimProblem Claim(ProcessorData* processor, MemoryClaim claim)
    {
        MachineData* machine = processor->Machine;
        ClaimProblem problem = Judge(processor, claim);
        if (problem != ClaimProblem.None || !machine->Traps->Memory.Add(claim))
        {
            return problem != ClaimProblem.None ? problem : ClaimProblem.NoRoom;
        }

        if (Publish(processor, claim.First, claim.Last))
        {
            return ClaimProblem.None;
        }

        Release(processor, claim.Mediator, claim.First, claim.Last);
        return ClaimProblem.NoTables;
    }

    /// <summary>Takes a mediator's claims within a range away. Called with the lock held.</summary>
    public static void Release(ProcessorData* processor, int mediator, ulong first, ulong last)
    {
        MemoryClaims* claims = &processor->Machine->Traps->Memory;
        for (int i = claims->Count - 1; i >= 0; i--)
        {
            MemoryClaim claim = *(*claims)[i];
            if (claim.Mediator == mediator && claim.First >= first && claim.Last <= last)
            {
                claims->RemoveAt(i);
                _ = Publish(processor, claim.First, claim.Last); // what was divided is divided still
            }
        }
    }

    /// <summary>Lets the mediator that has claimed an address decide.</summary>
    /// <param name="processor">The processor.</param>
    /// <param name="claim">Its claim.</param>
    /// <param name="address">Physical address; with <paramref name="size"/> it lies in the claim.</param>
    /// <param name="size">1, 2, 4 or 8 bytes.</param>
    /// <param name="isWrite">Whether it is a write.</param>
    /// <param name="value">What is written, or where what was read goes.</param>
    /// <returns>False when the guest shall execute the instruction itself: nothing has been done.</returns>
    public static bool Access(ProcessorData* processor, MemoryClaim* claim, ulong address, int size, bool isWrite, ref ulong value)
    {
        if (processor->Machine->Traps->Configuration->IsInWindow(address) && ConfigurationTraps.TryWindow(processor, address, size, isWrite, ref value))
        {
            return true;
        }

        if (isWrite && claim->Form.LetsWritePass(address - claim->First, size) && processor->Machine->Traps->Mediators[claim->Mediator].State == MediatorState.Attached)
        {
            Hardware(processor, address, size, isWrite, ref value);
            return true;
        }

        MemoryRequest request = new()
        {
            Tag = claim->Tag, Processor = processor->Index, Address = address, Offset = address - claim->First, Size = size, IsWrite = isWrite, Value = value,
        };
        switch (isWrite || !claim->Form.WritesOnly ? MediatorCalls.Memory(processor, claim->Mediator, &request) : Verdict.Pass)
        {
            case Verdict.Done:
                value = request.Value;
                return true;
            case Verdict.Deny:
                value = ulong.MaxValue;
                return true;
            case Verdict.Guest:
                return false;
            default:
                value = request.Value;
                Hardware(processor, address, size, isWrite, ref value);
                return true;
        }
    }

    private static void Hardware(ProcessorData* processor, ulong address, int size, bool isWrite, ref ulong value)
    {
        if (processor->AnnouncedSleep == default)
        {
            MemoryIo.Access(address, size, isWrite, ref value);
            return;
        }

        SleepState state = SystemSleep.Prepare(processor);
        MemoryIo.Access(address, size, isWrite, ref value);
        SystemSleep.Finish(processor, state);
    }

    /// <summary>What speaks against a claim, whatever room there is.</summary>
    private static ClaimProblem Judge(ProcessorData* processor, in MemoryClaim claim)
    {
        MachineData* machine = processor->Machine;
        if (claim.Last < claim.First || claim.Last >> machine->PhysicalAddressBits != 0 // the tables' indices would wrap
            || !NestedTraps.IsMapped(machine->NestedRoot, claim.First) || !NestedTraps.IsMapped(machine->NestedRoot, claim.Last))
        {
            return ClaimProblem.OutOfReach;
        }

        if (claim.First < machine->RegionBase + machine->RegionSize && claim.Last >= machine->RegionBase)
        {
            return ClaimProblem.Host;
        }

        if (claim.First <= (processor->ApicWindow.Page | PageMask) && claim.Last >= processor->ApicWindow.Page)
        {
            return ClaimProblem.LocalApic;
        }

        if (claim.Form.IsStrict && machine->Memory->IsKnown && machine->Memory->TouchesMemory(claim.First, claim.Last))
        {
            return ClaimProblem.Memory;
        }

        return machine->Traps->Memory.Touches(claim.First, claim.Last, out _) ? ClaimProblem.Overlap : ClaimProblem.None;
    }

    /// <summary>Brings the guest's tables to what is claimed; where tables are missing, those come back that nothing is claimed in any more.</summary>
    private static bool Publish(ProcessorData* processor, ulong first, ulong last)
    {
        MachineData* machine = processor->Machine;
        bool fine = Refresh(machine, first, last) || (TryReuse(processor) && Refresh(machine, first, last));
        _ = TrapShootdown.All(processor);
        return fine;
    }

    private static bool Refresh(MachineData* machine, ulong first, ulong last) => NestedTraps.Refresh(machine, machine->NestedRoot, first, last, machine->SplitTables);

    private static bool TryReuse(ProcessorData* processor)
    {
        MachineData* machine = processor->Machine;
        if (!machine->SplitTables->Unlink(&machine->Traps->Memory) || !TrapShootdown.All(processor))
        {
            return false;
        }

        machine->SplitTables->Reuse();
        return true;
    }
}
