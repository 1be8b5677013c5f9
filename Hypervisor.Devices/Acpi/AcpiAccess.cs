using System;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Acpi;

/// <summary>The firmware's tables, for mediators that need a field of them.</summary>
internal static class AcpiAccess
{
    private const int RootPointerSize = 36; // ACPI 6.5 §5.2.5.3
    private const int FirstRootPointerSize = 20; // of ACPI 1.0

    /// <summary>The FADT; not valid where there is none.</summary>
    internal static Fadt Fadt(MediatorHost host)
    {
        ReadOnlySpan<byte> root = host.AcpiRootPointer == 0 ? default : host.Memory(host.AcpiRootPointer, RootPointerSize);
        root = root.IsEmpty && host.AcpiRootPointer != 0 ? host.Memory(host.AcpiRootPointer, FirstRootPointerSize) : root;
        return root.IsEmpty ? default : new Fadt(new TableFinder<HostTableMemory>(new HostTableMemory(host), root).Find("FACP"u8));
    }
}
