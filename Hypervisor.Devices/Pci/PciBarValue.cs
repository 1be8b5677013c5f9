namespace Hypervisor.Devices.Pci;

/// <summary>A base address register (PCI 3.0 §6.2.5.1, §6.2.5.2).</summary>
/// <param name="value">The dword.</param>
internal readonly struct PciBarValue(uint value)
{
    private const uint IoBit = 1;
    private const uint IoFlags = 3;
    private const uint MemoryFlags = 0xF;
    private const uint TypeMask = 6;
    private const uint Type64 = 4;
    private const uint RomFlags = 0x7FF;
    private const uint RomEnableBit = 1;
    private const uint Low16 = 0xFFFF;

    /// <summary>What a write of all ones asks with: how many bits of the register are fixed.</summary>
    internal const uint SizingPattern = uint.MaxValue;

    /// <summary>The same for the expansion ROM, without enabling it.</summary>
    internal const uint RomSizingPattern = ~RomFlags;

    internal bool IsIo => (value & IoBit) != 0;

    internal bool Is64 => !IsIo && (value & TypeMask) == Type64;

    /// <summary>Bit 0 of the expansion ROM's: it answers where Memory Space is on too.</summary>
    internal bool IsRomEnabled => (value & RomEnableBit) != 0;

    /// <summary>The address bits.</summary>
    internal uint Address(PciBarKind kind) => value & ~Flags(kind);

    /// <summary>Whether a value written asks for the size.</summary>
    internal bool IsSizing(PciBarKind kind) => kind == PciBarKind.Rom ? Address(kind) == RomSizingPattern : value >= ~MemoryFlags;

    /// <summary>Bytes, from what the register reads after <see cref="SizingPattern"/> was written; for a 64-bit register the lower half of the complement.</summary>
    internal ulong Size(PciBarKind kind, uint upper)
    {
        uint low = Address(kind);
        if (kind == PciBarKind.Memory64)
        {
            ulong both = ((ulong)upper << 32) | low;
            return both == 0 ? 0 : ~both + 1;
        }

        if (low == 0)
        {
            return 0;
        }

        uint size = ~low + 1;
        return kind == PciBarKind.Io ? size & Low16 : size; // the upper half may be hardwired to zeros (§6.2.5.1)
    }

    private static uint Flags(PciBarKind kind) => kind switch
    {
        PciBarKind.Io => IoFlags,
        PciBarKind.Rom => RomFlags,
        _ => MemoryFlags,
    };
}
