using System;
using Hypervisor.Core.Mediation;
using Hypervisor.Devices.Acpi;

namespace Hypervisor.Devices.Pci;

/// <summary>ACPI tables in the guest's memory.</summary>
/// <param name="host">What memory is reached through.</param>
internal readonly struct HostTableMemory(MediatorHost host) : ITableMemory
{
    /// <inheritdoc/>
    public Span<byte> Map(ulong address, int length) => host.Memory(address, length);
}
