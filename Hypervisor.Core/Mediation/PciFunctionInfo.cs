namespace Hypervisor.Core.Mediation;

/// <summary>A PCI function, and what has happened to it.</summary>
public readonly struct PciFunctionInfo
{
    /// <summary>What has happened.</summary>
    public PciNotice Notice { get; init; }

    /// <summary>What the function was claimed with.</summary>
    public uint Tag { get; init; }

    /// <summary>The function, for the services of the pci mediator. It stays the same until <see cref="PciNotice.Removed"/>.</summary>
    public int Function { get; init; }

    /// <summary>Where it answers.</summary>
    public PciAddress Address { get; init; }

    /// <summary>Whether it answers there: not while the bridge above it has no bus number.</summary>
    public bool IsPlaced { get; init; }

    /// <summary>Vendor ID.</summary>
    public ushort VendorId { get; init; }

    /// <summary>Device ID.</summary>
    public ushort DeviceId { get; init; }

    /// <summary>Class in bits 23 to 16, subclass in 15 to 8, programming interface in 7 to 0 (PCI 3.0 §6.2.1).</summary>
    public uint ClassCode { get; init; }

    /// <summary>The command register.</summary>
    public ushort Command { get; init; }

    /// <summary>D0 to D3, as 0 to 3.</summary>
    public byte PowerState { get; init; }

    /// <summary>With <see cref="PciNotice.BarMoved"/>: which register, 0 to 5, or 6 for the expansion ROM.</summary>
    public int Bar { get; init; }
}
