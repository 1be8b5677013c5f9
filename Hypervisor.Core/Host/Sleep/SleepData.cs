using System.Runtime.InteropServices;
using Hypervisor.Core.Guest.Startup;

namespace Hypervisor.Core.Host.Sleep;

/// <summary>What the host remembers while the machine goes to sleep and wakes.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct SleepData
{
    /// <summary>Whether the guest has a place to be woken at.</summary>
    public bool HasWakingPoint;

    /// <summary>Where the guest wants to be woken.</summary>
    public StartPoint WakingPoint;

    /// <summary>The processor that sleeps and will be woken by the firmware; null while awake.</summary>
    public ProcessorData* Sleeper;

    /// <summary>Number of times the machine has woken.</summary>
    public uint Wakes;
}
