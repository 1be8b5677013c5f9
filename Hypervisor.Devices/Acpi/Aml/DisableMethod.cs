namespace Hypervisor.Devices.Acpi.Aml;

/// <summary>The body of a method that switches a serial port off (_DIS, ACPI 6.5 §6.2.3).</summary>
public readonly struct DisableMethod
{
    /// <summary>Which serial port, in the order they were found.</summary>
    public int Device { get; init; }

    /// <summary>Which table, in the order they were given.</summary>
    public byte Table { get; init; }

    /// <summary>Where the body begins: bytes from the table's beginning.</summary>
    public int Offset { get; init; }

    /// <summary>Bytes of the body.</summary>
    public int Length { get; init; }
}
