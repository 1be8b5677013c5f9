namespace Hypervisor.Core.Diagnostics;

/// <summary>The pages of <see cref="HypercallFunction.Status"/>; RAX is their number.</summary>
public enum HypercallStatusPage : ulong
{
    /// <summary>RCX = version, RDX = boot id, R8 = extension and, in the upper half, processors, R9 = memory, R10 = its bytes, R11 = ticks since launch.</summary>
    Machine = 0,

    /// <summary>
    /// RCX = <see cref="HostPolicies"/>, RDX = I/O base of the log's port, R8 = calls refused for a wrong code, R9 = bytes of records, R10 and R11 = oldest and
    /// newest position of the log.
    /// </summary>
    Policies = 1,

    /// <summary>Number of pages.</summary>
    Count = 2,
}
