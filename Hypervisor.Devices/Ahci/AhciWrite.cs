namespace Hypervisor.Devices.Ahci;

/// <summary>A write of the guest to one register.</summary>
internal struct AhciWrite
{
    /// <summary>Offset of the register's first byte.</summary>
    internal int Offset;

    /// <summary>What is written, in its place in the register; zeros elsewhere.</summary>
    internal uint Value;

    /// <summary>Ones for the bits that are written.</summary>
    internal uint Lanes;

    /// <summary>The register's value after the write, where it can simply be written.</summary>
    internal readonly uint Over(uint before) => (before & ~Lanes) | Value;
}
