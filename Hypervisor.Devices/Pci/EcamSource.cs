namespace Hypervisor.Devices.Pci;

/// <summary>What says where an <see cref="EcamWindow"/> is.</summary>
public enum EcamSource : byte
{
    /// <summary>The ACPI table alone: nothing is known to move it.</summary>
    Table,

    /// <summary>PCIEXBAR of an Intel host bridge.</summary>
    PciExBar,

    /// <summary>MSR C001_0058 of AMD processors.</summary>
    AmdMsr,
}
