using System;
using Hypervisor.Core.Mediation;
using Hypervisor.Devices.Pci;

namespace Hypervisor.Tests.Models;

/// <summary>What a <see cref="PciMachine"/> is made with.</summary>
internal sealed record PciMachineOptions
{
    internal int Processors { get; init; } = 1;

    /// <summary>Options of the pci mediator.</summary>
    internal (string Key, string Value)[] Settings { get; init; } = [];

    /// <summary>The ACPI table; none without it.</summary>
    internal byte[]? Mcfg { get; init; } = PciMachine.McfgOf((0, 0, 255, PciBusModel.DefaultWindow));

    /// <summary>Another ACPI table, behind <see cref="Mcfg"/>.</summary>
    internal byte[]? Table { get; init; }

    /// <summary>Mediators behind the pci mediator that want configuration space as well.</summary>
    internal Func<PciMediator, PciConfiguration, Mediator>[] Mediators { get; init; } = [];

    /// <summary>Bytes of the host's region in addition to what it asks for.</summary>
    internal ulong ExtraSize { get; init; }

    /// <summary>Called with the machine before mediators are attached.</summary>
    internal Action<SimulatedMachine>? Prepare { get; init; }

    /// <summary>Where the firmware says that there is memory.</summary>
    internal (ulong Start, ulong End, bool IsReserved)[] Memory { get; init; } = [];

    internal (uint Msr, ulong Value)[] Msrs { get; init; } = [];
}
