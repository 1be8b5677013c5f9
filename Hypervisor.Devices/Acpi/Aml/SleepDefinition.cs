namespace Hypervisor.Devices.Acpi.Aml;

/// <summary>A place that defines the object of a sleep state.</summary>
public readonly struct SleepDefinition
{
    /// <summary>The state, 0 to 5.</summary>
    public byte State { get; init; }

    /// <summary>Which table, in the order they were given.</summary>
    public byte Table { get; init; }

    /// <summary>Whether it stands in If, Else or While.</summary>
    public bool IsConditional { get; init; }

    /// <summary>Where the four letters of the name stand: bytes from the table's beginning.</summary>
    public int NameOffset { get; init; }
}
