using System;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Acpi;

/// <summary>The firmware's tables, for mediators.</summary>
internal static class AcpiAccess
{
    /// <summary>The tables that the root pointer leads to.</summary>
    /// <param name="host">What the mediator reaches the machine through.</param>
    /// <param name="isNarrow">Those of the RSDT even where there is an XSDT.</param>
    internal static TableFinder<HostTableMemory> Finder(MediatorHost host, bool isNarrow = false)
    {
        ulong address = host.AcpiRootPointer;
        ReadOnlySpan<byte> root = address == 0 ? default : host.Memory(address, AcpiTables.ExtendedRootPointerSize);
        root = root.IsEmpty && address != 0 ? host.Memory(address, AcpiTables.RootPointerSize) : root;
        return new TableFinder<HostTableMemory>(new HostTableMemory(host), root, isNarrow);
    }

    /// <summary>The FADT; not valid where there is none.</summary>
    internal static Fadt Fadt(MediatorHost host) => new(Finder(host).Find("FACP"u8));
}
