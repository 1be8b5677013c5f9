using System;

namespace Hypervisor.Guests.AcpiTables.Tables;

/// <summary>What differs from one machine to the next.</summary>
/// <param name="apicIds">The processors' local APIC IDs.</param>
/// <param name="inputOutputApicId">The I/O APIC's.</param>
/// <param name="pciMemory">The first address that PCI devices may have below 4 GiB.</param>
public readonly ref struct MachineDescription(ReadOnlySpan<byte> apicIds, byte inputOutputApicId, uint pciMemory)
{
    /// <summary>The processors' local APIC IDs.</summary>
    public ReadOnlySpan<byte> ApicIds { get; } = apicIds;

    /// <summary>The I/O APIC's.</summary>
    public byte InputOutputApicId { get; } = inputOutputApicId;

    /// <summary>The first address that PCI devices may have below 4 GiB.</summary>
    public uint PciMemory { get; } = pciMemory;
}
