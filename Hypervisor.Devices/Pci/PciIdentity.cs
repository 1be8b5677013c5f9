namespace Hypervisor.Devices.Pci;

/// <summary>The first dword of configuration space: vendor ID and device ID (PCI 3.0 §6.2.1).</summary>
/// <param name="value">The dword.</param>
public readonly struct PciIdentity(uint value)
{
    private const int DeviceShift = 16;
    private const ushort Nobody = 0xFFFF;
    private const ushort NotReady = 0x0001; // configuration request retry status made visible (PCIe 4.0 §2.3.2)

    /// <summary>Vendor and device.</summary>
    /// <param name="vendor">Vendor ID.</param>
    /// <param name="device">Device ID.</param>
    public PciIdentity(uint vendor, uint device)
        : this((device << DeviceShift) | vendor)
    {
    }

    /// <summary>The dword.</summary>
    public uint Value => value;

    /// <summary>Vendor ID.</summary>
    public ushort Vendor => (ushort)value;

    /// <summary>Device ID.</summary>
    public ushort Device => (ushort)(value >> DeviceShift);

    /// <summary>Whether there is a function: a vendor ID of all ones is no function's (PCI 3.0 §6.1), and one that is not ready does not tell yet.</summary>
    public bool IsSomebody => Vendor is not (Nobody or NotReady);

    /// <summary>Whether there is none.</summary>
    public bool IsNobody => Vendor == Nobody;
}
