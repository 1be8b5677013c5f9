namespace Hypervisor.Devices.Ahci;

/// <summary>An entry of the table of buffers (AHCI 1.3.1 §4.2.3.3), read once.</summary>
public readonly struct AhciPrd
{
    /// <summary>Bytes of an entry.</summary>
    public const int Size = 16;

    /// <summary>Most bytes an entry can name.</summary>
    public const int MaximumLength = 1 << 22;

    private const uint LengthMask = MaximumLength - 1;
    private const uint InterruptBit = 1u << 31;
    private const ulong WordBit = 1;
    private const int UpperShift = 32;

    private readonly uint _flags;

    /// <summary>An entry of the host's own.</summary>
    /// <param name="address">Physical address.</param>
    /// <param name="length">Bytes, an even number.</param>
    public AhciPrd(ulong address, int length)
    {
        Address = address;
        _flags = (uint)(length - 1) & LengthMask;
    }

    /// <summary>An entry, from its dwords.</summary>
    /// <param name="low">DBA and DBAU.</param>
    /// <param name="high">Above the reserved dword: I and DBC.</param>
    /// <param name="has64Bits">Whether the controller looks at DBAU.</param>
    public AhciPrd(ulong low, ulong high, bool has64Bits)
    {
        Address = (has64Bits ? low : (uint)low) & ~WordBit;
        _flags = (uint)(high >> UpperShift) & (LengthMask | InterruptBit) | (uint)WordBit; // bit 0 is always one
    }

    /// <summary>Physical address of the buffer.</summary>
    public ulong Address { get; }

    /// <summary>Its bytes.</summary>
    public int Length => (int)(_flags & LengthMask) + 1;

    /// <summary>DBA and DBAU.</summary>
    public ulong Low => Address;

    /// <summary>I and DBC, above the reserved dword.</summary>
    public ulong High => (ulong)_flags << UpperShift;

    /// <summary>Writes it into a table of the host's own.</summary>
    /// <param name="prdt">The table, as quadwords.</param>
    /// <param name="index">Which entry.</param>
    public void Write(System.Span<ulong> prdt, int index)
    {
        const int quads = Size / sizeof(ulong);
        prdt[index * quads] = Low;
        prdt[(index * quads) + 1] = High;
    }
}
