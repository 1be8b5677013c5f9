using System;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Diagnostics;

/// <summary>What the hypercall interface tells of mediators: the seam to the part that knows them. There are none yet.</summary>
public static unsafe class MediatorReports
{
    /// <summary>Number of mediators in the image.</summary>
    public static uint Count(MachineData* machine) => 0;

    /// <summary>How many of them stand in their doorways.</summary>
    public static uint Armed(MachineData* machine) => 0;

    /// <summary>The name of one.</summary>
    public static ReadOnlySpan<byte> Name(MachineData* machine, uint mediator) => default;

    /// <summary>What it is doing.</summary>
    public static MediatorReportState State(MachineData* machine, uint mediator) => MediatorReportState.Off;

    /// <summary>Number of ports, ranges and registers it has claimed.</summary>
    public static uint Claims(MachineData* machine, uint mediator) => 0;

    /// <summary>Number of its counters.</summary>
    public static uint CounterCount(MachineData* machine, uint mediator) => 0;

    /// <summary>The name of a counter.</summary>
    public static ReadOnlySpan<byte> CounterName(MachineData* machine, uint mediator, uint counter) => default;

    /// <summary>The value of a counter.</summary>
    public static ulong Counter(MachineData* machine, uint mediator, uint counter) => 0;
}
