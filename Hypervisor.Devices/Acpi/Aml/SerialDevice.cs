namespace Hypervisor.Devices.Acpi.Aml;

/// <summary>A serial port that the tables describe.</summary>
public struct SerialDevice
{
    /// <summary>Its identifier, packed: <see cref="EisaId.Uart16550"/> or <see cref="EisaId.Uart8250"/>.</summary>
    public uint HardwareId { get; internal set; }

    /// <summary>First port of its I/O range, where the tables say it in a constant; 0 where they compute it.</summary>
    public ushort IoBase { get; internal set; }

    /// <summary>Its node in the namespace.</summary>
    internal int Node { get; set; }
}
