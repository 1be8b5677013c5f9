using System;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Acpi;

/// <summary>The guest's memory, where tables are looked for from a mediator.</summary>
/// <param name="host">What the mediator reaches the machine through.</param>
internal readonly struct HostTableMemory(MediatorHost host) : ITableMemory
{
    /// <inheritdoc/>
    public Span<byte> Map(ulong address, int length) => host.Memory(address, length);
}
