using Hypervisor.Core.Diagnostics;

namespace Hypervisor.Control.Commands;

/// <summary>Room for the counts of the largest machine.</summary>
internal static unsafe class CountTable
{
    /// <summary>Processors a machine may have.</summary>
    public const int MaximumProcessors = 256;

    /// <summary>The counts.</summary>
    public static Table Values;

    /// <summary>Number of processors they are of.</summary>
    public static uint Processors;

    /// <summary>The memory.</summary>
    public struct Table
    {
        /// <summary>Exits, processor by processor.</summary>
        public fixed ulong Counts[MaximumProcessors * (int)ExitCause.Last];

        /// <summary>Starts.</summary>
        public fixed ulong Starts[MaximumProcessors];
    }
}
