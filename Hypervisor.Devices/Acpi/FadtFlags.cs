using System;

namespace Hypervisor.Devices.Acpi;

/// <summary>Fixed feature flags of the FADT, as far as they are of use here (ACPI 6.5 §5.2.9, table 5.10).</summary>
[Flags]
public enum FadtFlags : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>The reset register may be used.</summary>
    ResetRegister = 1u << 10,

    /// <summary>There are no fixed registers: sleep states are entered through the sleep control register.</summary>
    HardwareReduced = 1u << 20,
}
