namespace Hypervisor.Devices.Ahci;

/// <summary>What the configuration says about a key.</summary>
internal struct DiskKey
{
    /// <summary>Characters of its name.</summary>
    internal int NameLength;

    /// <summary>Its bytes; 0 while only a rule has named it.</summary>
    internal int Size;

    /// <summary>Bytes of the salt.</summary>
    internal int SaltLength;

    /// <summary>Iterations for the passphrase; 0 where none is asked for.</summary>
    internal uint Iterations;

    /// <summary>Whether its passphrase has been asked for.</summary>
    internal bool IsAsked;

    /// <summary>Whether its bytes are known.</summary>
    internal bool HasSecret;
}
