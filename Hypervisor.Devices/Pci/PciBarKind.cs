namespace Hypervisor.Devices.Pci;

/// <summary>What a base address register addresses (PCI 3.0 §6.2.5).</summary>
internal enum PciBarKind : byte
{
    /// <summary>Not implemented, or the upper half of the one before.</summary>
    None,

    /// <summary>Ports.</summary>
    Io,

    /// <summary>Memory, with an address of 32 bits.</summary>
    Memory32,

    /// <summary>Memory, with an address of 64 bits in two registers.</summary>
    Memory64,

    /// <summary>The expansion ROM.</summary>
    Rom,
}
