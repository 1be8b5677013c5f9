namespace Hypervisor.Tests.Models;

/// <summary>What a <see cref="PciMachine"/> is made with.</summary>
internal sealed record PciMachineOptions
{
    internal int Processors { get; init; } = 1;

    /// <summary>Options of the pci mediator.</summary>
    internal (string Key, string Value)[] Settings { get; init; } = [];

    /// <summary>The ACPI table; none without it.</summary>
    internal byte[]? Mcfg { get; init; } = PciMachine.McfgOf((0, 0, 255, PciBusModel.DefaultWindow));

    internal (uint Msr, ulong Value)[] Msrs { get; init; } = [];
}
