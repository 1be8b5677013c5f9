namespace Hypervisor.Devices.Ahci;

/// <summary>How a rule names a disk.</summary>
public enum DiskSelector : byte
{
    /// <summary>Every disk.</summary>
    Any,

    /// <summary>By the port of the controller.</summary>
    Port,

    /// <summary>By its serial number.</summary>
    Serial,

    /// <summary>By its model number.</summary>
    Model,
}
