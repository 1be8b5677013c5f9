namespace Hypervisor.Devices.Acpi.Aml;

/// <summary>What a name stands for.</summary>
internal enum AmlNodeKind : byte
{
    /// <summary>A scope that was only mentioned on the way to something else: any definition takes its place.</summary>
    Mentioned,

    /// <summary>Something another table defines, as External says: any definition takes its place.</summary>
    External,

    /// <summary>Something whose kind does not matter: a field, a region, a mutex.</summary>
    Object,

    /// <summary>A device, or whatever else holds names.</summary>
    Scope,

    /// <summary>A named value.</summary>
    Name,

    /// <summary>A method.</summary>
    Method,

    /// <summary>Another name of something; the data are the index of the node it stands for.</summary>
    Alias,
}
