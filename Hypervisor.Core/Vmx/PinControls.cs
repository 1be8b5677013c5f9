using System;

namespace Hypervisor.Core.Vmx;

/// <summary>Pin-based VM-execution controls.</summary>
/// <remarks>Intel SDM vol 3 §24.6.1, table 24-5.</remarks>
[Flags]
public enum PinControls : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>External interrupts exit.</summary>
    ExternalInterruptExiting = 1u << 0,

    /// <summary>Non-maskable interrupts exit.</summary>
    NmiExiting = 1u << 3,

    /// <summary>Blocking by NMI is the guest's own, and NMI windows exist.</summary>
    VirtualNmis = 1u << 5,

    /// <summary>The VMX-preemption timer counts down in the guest.</summary>
    PreemptionTimer = 1u << 6,

    /// <summary>Posted interrupts are processed.</summary>
    PostedInterrupts = 1u << 7,
}
