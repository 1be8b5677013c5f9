namespace Hypervisor.Devices.Acpi.Aml;

/// <summary>What is known of an object's value.</summary>
internal enum AmlValueKind : byte
{
    /// <summary>Nothing.</summary>
    Unknown,

    /// <summary>A number; of a device identifier in letters, the number it is packed into.</summary>
    Number,

    /// <summary>A package whose first two elements are constants.</summary>
    Pair,

    /// <summary>The same, but other values are possible: an element is a name whose initial value was taken, or is missing.</summary>
    LikelyPair,

    /// <summary>A buffer of resources with an I/O range.</summary>
    Ports,
}
