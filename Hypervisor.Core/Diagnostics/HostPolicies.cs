using System;

namespace Hypervisor.Core.Diagnostics;

/// <summary>What the configuration decided and how far the machine has come, as the status reports it.</summary>
[Flags]
public enum HostPolicies : ulong
{
    /// <summary>Nothing of this.</summary>
    None = 0,

    /// <summary>Exits are told to everyone.</summary>
    OpenStatus = 1 << 0,

    /// <summary>The trap on interrupt commands stays.</summary>
    KeepApicTrap = 1 << 1,

    /// <summary>A fault is raised on purpose after boot.</summary>
    FaultTest = 1 << 2,

    /// <summary>A password was asked for.</summary>
    BootPassword = 1 << 3,

    /// <summary>Boot services have exited.</summary>
    BootServicesExited = 1 << 16,

    /// <summary>An operating system has taken over.</summary>
    OperatingSystemRuns = 1 << 17,
}
