namespace Hypervisor.Devices.Pci;

/// <summary>The command register (PCI 3.0 §6.2.2).</summary>
/// <param name="value">Its bits.</param>
public readonly struct PciCommand(uint value)
{
    private const uint IoBit = 1;
    private const uint MemoryBit = 2;
    private const uint BusMasterBit = 4;

    /// <summary>Its bits.</summary>
    public ushort Value => (ushort)value;

    /// <summary>I/O Space: it answers accesses to its ports.</summary>
    public bool IoSpace => (value & IoBit) != 0;

    /// <summary>Memory Space: it answers accesses to its memory.</summary>
    public bool MemorySpace => (value & MemoryBit) != 0;

    /// <summary>Bus Master: it may access memory by itself.</summary>
    public bool BusMaster => (value & BusMasterBit) != 0;

    /// <summary>Whether it answers any access but those to its configuration space.</summary>
    public bool Decodes => IoSpace || MemorySpace;

    /// <summary>The spaces that are on.</summary>
    internal PciSpaces Spaces => (PciSpaces)(value & (uint)PciSpaces.All);

    /// <summary>The same with both spaces off.</summary>
    public PciCommand WithoutDecode() => new(value & ~(IoBit | MemoryBit));

    /// <summary>The same with spaces off.</summary>
    internal PciCommand Without(PciSpaces spaces) => new(value & ~(uint)spaces);

    /// <summary>The same with spaces on.</summary>
    internal PciCommand With(PciSpaces spaces) => new(value | (uint)spaces);

    /// <summary>Whether one of the three switches stands differently.</summary>
    public bool DiffersIn(PciCommand other) => ((value ^ other.Value) & (IoBit | MemoryBit | BusMasterBit)) != 0;
}
