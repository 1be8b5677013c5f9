namespace Hypervisor.Devices.Acpi;

/// <summary>Where a register stands (ACPI 6.5 §5.2.3.2, table 5.1).</summary>
public enum AddressSpaceId : byte
{
    /// <summary>In physical memory.</summary>
    SystemMemory = 0,

    /// <summary>At an I/O port.</summary>
    SystemIo = 1,

    /// <summary>In the configuration space of a function of bus 0.</summary>
    PciConfiguration = 2,

    /// <summary>Behind the embedded controller.</summary>
    EmbeddedController = 3,

    /// <summary>On the SMBus.</summary>
    SmBus = 4,

    /// <summary>As the processor has it.</summary>
    FunctionalFixedHardware = 0x7F,
}
