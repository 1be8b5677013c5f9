namespace Hypervisor.Devices.Pci;

/// <summary>Offsets in configuration space (PCI 3.0 §6.1; PCI-to-PCI Bridge 1.2 §3.2; PCIe 4.0 §7.5).</summary>
public static class PciRegister
{
    /// <summary>Bytes of a function's space, where all of it can be reached.</summary>
    public const int SpaceSize = 4096;

    /// <summary>Bytes of it that the ports reach.</summary>
    public const int PortSpaceSize = 256;

    /// <summary>Vendor ID; device ID behind it.</summary>
    public const int Identity = 0x00;

    /// <summary>Command, two bytes.</summary>
    public const int Command = 0x04;

    /// <summary>Status, two bytes.</summary>
    public const int Status = 0x06;

    /// <summary>Revision; class code behind it.</summary>
    public const int ClassRevision = 0x08;

    /// <summary>Header type, one byte.</summary>
    public const int HeaderType = 0x0E;

    /// <summary>The first base address.</summary>
    public const int FirstBar = 0x10;

    /// <summary>Primary, secondary, subordinate bus and a timer, of a bridge.</summary>
    public const int BusNumbers = 0x18;

    /// <summary>I/O base and limit of a bridge.</summary>
    public const int IoWindow = 0x1C;

    /// <summary>Memory base and limit of a bridge.</summary>
    public const int MemoryWindow = 0x20;

    /// <summary>Prefetchable memory base and limit of a bridge.</summary>
    public const int PrefetchWindow = 0x24;

    /// <summary>Upper 32 bits of the prefetchable base.</summary>
    public const int PrefetchBaseUpper = 0x28;

    /// <summary>Upper 32 bits of the prefetchable limit.</summary>
    public const int PrefetchLimitUpper = 0x2C;

    /// <summary>Upper 16 bits of I/O base and limit of a bridge; expansion ROM of others.</summary>
    public const int IoWindowUpper = 0x30;

    /// <summary>Expansion ROM of an ordinary function.</summary>
    public const int ExpansionRom = 0x30;

    /// <summary>Expansion ROM of a bridge.</summary>
    public const int BridgeExpansionRom = 0x38;

    /// <summary>First capability, one byte.</summary>
    public const int CapabilityPointer = 0x34;

    /// <summary>Bridge control, two bytes.</summary>
    public const int BridgeControl = 0x3E;

    /// <summary>End of the header.</summary>
    public const int HeaderEnd = 0x40;

    /// <summary>PCIEXBAR of Intel's host bridges, eight bytes (Intel Q35 MCH datasheet §5.1.16).</summary>
    public const int PciExBar = 0x60;
}
