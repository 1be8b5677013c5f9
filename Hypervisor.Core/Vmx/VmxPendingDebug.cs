using System;

namespace Hypervisor.Core.Vmx;

/// <summary>Pending debug exceptions of the guest.</summary>
/// <remarks>Intel SDM vol 3 §24.4.2, table 24-4.</remarks>
[Flags]
public enum VmxPendingDebug : ulong
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>B3:B0: breakpoint conditions that were met.</summary>
    Breakpoints = 0xF,

    /// <summary>A bus lock was detected.</summary>
    BusLock = 1UL << 11,

    /// <summary>At least one data or I/O breakpoint was met, and it is on.</summary>
    EnabledBreakpoint = 1UL << 12,

    /// <summary>BS: a single step is due.</summary>
    SingleStep = 1UL << 14,

    /// <summary>In a transactional region.</summary>
    Rtm = 1UL << 16,
}
