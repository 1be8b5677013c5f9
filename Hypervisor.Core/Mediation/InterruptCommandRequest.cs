using Hypervisor.Core.Guest.Startup;

namespace Hypervisor.Core.Mediation;

/// <summary>A write of the interrupt command register, in either mode of the local APIC.</summary>
public readonly struct InterruptCommandRequest
{
    /// <summary>Number of the processor.</summary>
    public uint Processor { get; init; }

    /// <summary>The command.</summary>
    public InterruptCommand Command { get; init; }
}
