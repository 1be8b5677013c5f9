using System.Runtime.InteropServices;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Mediation;

/// <summary>What the host keeps about a mediator.</summary>
[StructLayout(LayoutKind.Sequential, Size = 0x80)]
public unsafe struct MediatorRecord
{
    /// <summary>Inner locks a mediator may have.</summary>
    public const int MaximumLocks = 4;

    /// <summary>1 while a processor is inside.</summary>
    public uint Lock;

    /// <summary>Where it is in its life.</summary>
    public MediatorState State;

    /// <summary>What becomes of its claims when it fails.</summary>
    public Fallback Fallback;

    /// <summary>The way in through which it failed.</summary>
    public MediatorDoor FailedIn;

    /// <summary>The processor that is inside; null for none.</summary>
    public ProcessorData* Caller;

    /// <summary>Accesses refused, by it or because it has failed.</summary>
    public uint Denied;

    /// <summary>Accesses left to the guest.</summary>
    public uint ByGuest;

    /// <summary>Calls, for each way in.</summary>
    public fixed uint Calls[(int)MediatorDoor.Last];

    /// <summary>Its <see cref="HostLock"/>s: 1 while held.</summary>
    public fixed uint Locks[MaximumLocks];
}
