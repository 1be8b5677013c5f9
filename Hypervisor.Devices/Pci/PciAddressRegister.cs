using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Pci;

/// <summary>CONFIG_ADDRESS, port CF8h (PCI 3.0 §3.2.2.3.2): which dword of which function the data port shows.</summary>
/// <param name="value">The register.</param>
public readonly struct PciAddressRegister(uint value)
{
    private const uint EnableBit = 1u << 31;
    private const int ExtendedShift = 24; // AMD: register bits 11 to 8, where NB_CFG allows it (AMD BKDG family 10h, F0h: IO Configuration Address)
    private const uint ExtendedMask = 0xF;
    private const int FunctionShift = 8;
    private const uint FunctionMask = 0xFFFF;
    private const uint RegisterMask = 0xFC;
    private const uint UnusualBits = 0x7F00_0003;

    /// <summary>The register.</summary>
    public uint Value => value;

    /// <summary>Whether accesses to the data port become configuration cycles at all.</summary>
    public bool IsEnabled => (value & EnableBit) != 0;

    /// <summary>Whether no bit is set that the specification calls reserved: what hardware makes of those differs.</summary>
    public bool IsPlain => (value & UnusualBits) == 0;

    /// <summary>The function, in segment 0.</summary>
    public PciAddress Address => new((value >> FunctionShift) & FunctionMask);

    /// <summary>First byte of the dword, 0 to 252.</summary>
    public int Offset => (int)(value & RegisterMask);

    /// <summary>The register that shows a dword.</summary>
    /// <param name="address">The function, in segment 0.</param>
    /// <param name="offset">A byte of the dword, 0 to 255.</param>
    public static PciAddressRegister Of(PciAddress address, int offset) =>
        new(EnableBit | ((address.Packed & FunctionMask) << FunctionShift) | ((uint)offset & RegisterMask));

    /// <summary>Bits 11 to 8 of the offset, where the processor takes them from the reserved bits.</summary>
    public int ExtendedOffset => (int)((value >> ExtendedShift) & ExtendedMask) << FunctionShift;
}
