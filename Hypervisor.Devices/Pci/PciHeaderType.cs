namespace Hypervisor.Devices.Pci;

/// <summary>The header type (PCI 3.0 §6.2.1).</summary>
/// <param name="value">The byte.</param>
public readonly struct PciHeaderType(byte value)
{
    private const byte MultiFunctionBit = 0x80;
    private const byte LayoutMask = 0x7F;
    private const byte BridgeLayout = 1;
    private const int OrdinaryBars = 6;
    private const int BridgeBars = 2;

    /// <summary>Whether the device may have functions other than 0.</summary>
    public bool IsMultiFunction => (value & MultiFunctionBit) != 0;

    /// <summary>Whether it is a bridge to another PCI bus.</summary>
    public bool IsBridge => (value & LayoutMask) == BridgeLayout;

    /// <summary>Number of base address registers; 0 for layouts other than the two of PCI, such as CardBus.</summary>
    public int BarCount => (value & LayoutMask) switch
    {
        0 => OrdinaryBars,
        BridgeLayout => BridgeBars,
        _ => 0,
    };

    /// <summary>Where the expansion ROM's base address is.</summary>
    public int RomOffset => IsBridge ? PciRegister.BridgeExpansionRom : PciRegister.ExpansionRom;
}
