namespace Hypervisor.Devices.Pci;

/// <summary>Which accesses of the guest to configuration space get a line in the log.</summary>
internal enum PciLogging : byte
{
    /// <summary>None.</summary>
    Off,

    /// <summary>Writes.</summary>
    Writes,

    /// <summary>Reads too.</summary>
    All,
}
