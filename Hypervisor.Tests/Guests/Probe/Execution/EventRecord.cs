namespace Hypervisor.Guests.Probe.Execution;

/// <summary>An exception or interrupt as a handler found it.</summary>
public struct EventRecord
{
    /// <summary>Vector.</summary>
    public uint Vector;

    /// <summary>Error code; 0 where there is none.</summary>
    public uint ErrorCode;

    /// <summary>RIP, counted from the snippet's first byte.</summary>
    public long Offset;

    /// <summary>RFLAGS.</summary>
    public uint Flags;

    /// <summary>The bits of DR6 that differ from their state after reset, for debug exceptions.</summary>
    public uint DebugStatus;

    /// <summary>CR2 counted from the snippet's first byte, for page faults.</summary>
    public long FaultOffset;

    /// <summary>Privilege level that was interrupted.</summary>
    public uint Privilege;
}
