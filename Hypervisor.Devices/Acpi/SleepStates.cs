using System;

namespace Hypervisor.Devices.Acpi;

/// <summary>A set of sleep states.</summary>
[Flags]
public enum SleepStates
{
    /// <summary>No state that is known.</summary>
    None = 0,

    /// <summary>S0: working.</summary>
    S0 = 1 << 0,

    /// <summary>S1.</summary>
    S1 = 1 << 1,

    /// <summary>S2.</summary>
    S2 = 1 << 2,

    /// <summary>S3.</summary>
    S3 = 1 << 3,

    /// <summary>S4.</summary>
    S4 = 1 << 4,

    /// <summary>S5.</summary>
    S5 = 1 << 5,

    /// <summary>
    /// States in which processors lose what they hold, while memory keeps it: the host would be gone, and the machine go on.
    /// </summary>
    LosesHost = S2 | S3,
}
