namespace Hypervisor.Guests.Probe.Execution;

/// <summary>What the handler does on the first non-maskable interrupt of a run.</summary>
public enum NmiAction
{
    /// <summary>Nothing but count it.</summary>
    Count,

    /// <summary>Execute CPUID, which exits.</summary>
    ExecuteCpuid,

    /// <summary>Send another NMI to itself, which must wait for IRET.</summary>
    SendAnother,

    /// <summary>Send two more, of which one may wait (they collapse).</summary>
    SendTwo,
}
