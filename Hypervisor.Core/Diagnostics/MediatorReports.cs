using System;
using Hypervisor.Core.Host;
using Hypervisor.Core.Mediation;
using Hypervisor.Core.Traps;

namespace Hypervisor.Core.Diagnostics;

/// <summary>
/// What the hypercall interface tells of mediators. The counters of each: calls by kind of access, accesses refused and left to the guest, then the mediator's own.
/// </summary>
public static unsafe class MediatorReports
{
    private const uint MaximumOwn = 32;

    /// <summary>Doors that are counted, in order.</summary>
    private static ReadOnlySpan<byte> Doors =>
    [
        (byte)MediatorDoor.Port, (byte)MediatorDoor.Memory, (byte)MediatorDoor.Msr, (byte)MediatorDoor.Cpuid, (byte)MediatorDoor.InterruptCommand,
    ];

    private static uint Denied => (uint)Doors.Length;

    private static uint ByGuest => Denied + 1;

    private static uint FirstOwn => ByGuest + 1;

    /// <summary>Number of mediators in the image.</summary>
    public static uint Count(ProcessorData* processor) => (uint)processor->Machine->Traps->MediatorCount;

    /// <summary>How many of them stand in their doorways.</summary>
    public static uint Armed(ProcessorData* processor)
    {
        uint armed = 0;
        for (uint i = 0; i < Count(processor); i++)
        {
            armed += State(processor, i) == MediatorReportState.Armed ? 1u : 0;
        }

        return armed;
    }

    /// <summary>The name of one.</summary>
    public static ReadOnlySpan<byte> Name(uint mediator) => MediatorObjects.Mediator((int)mediator).Name;

    /// <summary>What it is doing.</summary>
    public static MediatorReportState State(ProcessorData* processor, uint mediator)
    {
        MediatorRecord* record = Record(processor, mediator);
        return record->State switch
        {
            MediatorState.Attached or MediatorState.Asleep => MediatorReportState.Armed,
            MediatorState.Absent => MediatorReportState.Absent,
            MediatorState.Failed => record->Fallback == Fallback.Deny ? MediatorReportState.Fenced : MediatorReportState.PassedThrough,
            _ => MediatorReportState.Off,
        };
    }

    /// <summary>Number of ranges of ports and memory, MSRs and CPUID leaves it has claimed.</summary>
    public static uint Claims(ProcessorData* processor, uint mediator)
    {
        TrapTables* tables = processor->Machine->Traps;
        uint claims = (uint)(tables->Msrs.CountOf((int)mediator) + tables->Cpuid.CountOf((int)mediator)) + (tables->InterruptCommands >> (int)mediator & 1);
        for (int i = 0; i < TrapTables.MaximumPortClaims; i++)
        {
            claims += tables->PortClaims[i].IsUsed && tables->PortClaims[i].Mediator == mediator ? 1u : 0;
        }

        for (int i = 0; i < tables->Memory.Count; i++)
        {
            claims += tables->Memory[i]->Mediator == mediator ? 1u : 0;
        }

        return claims;
    }

    /// <summary>Number of its counters.</summary>
    public static uint CounterCount(ProcessorData* processor, uint mediator)
    {
        uint own = 0;
        while (own < MaximumOwn && Own(processor, mediator, own).NameLength != 0)
        {
            own++;
        }

        return FirstOwn + own;
    }

    /// <summary>The name of a counter.</summary>
    public static ReadOnlySpan<byte> CounterName(ProcessorData* processor, uint mediator, uint counter)
    {
        if (counter < FirstOwn)
        {
            return counter == Denied ? "refused"u8 : counter == ByGuest ? "left to the guest"u8 : MediatorDoorName.Of((MediatorDoor)Doors[(int)counter]);
        }

        StatisticRequest own = Own(processor, mediator, counter - FirstOwn);
        return new ReadOnlySpan<byte>(own.Name, own.NameLength);
    }

    /// <summary>The value of a counter.</summary>
    public static ulong Counter(ProcessorData* processor, uint mediator, uint counter)
    {
        MediatorRecord* record = Record(processor, mediator);
        return counter >= FirstOwn ? Own(processor, mediator, counter - FirstOwn).Value
            : counter == Denied ? record->Denied
            : counter == ByGuest ? record->ByGuest
            : record->Calls[Doors[(int)counter]];
    }

    private static MediatorRecord* Record(ProcessorData* processor, uint mediator) => processor->Machine->Traps->Mediators + mediator;

    private static StatisticRequest Own(ProcessorData* processor, uint mediator, uint index)
    {
        StatisticRequest request = new() { Index = (int)index };
        if (!MediatorCalls.Statistic(processor, (int)mediator, &request))
        {
            request.NameLength = 0;
        }

        return request;
    }
}
