using System;

namespace Hypervisor.Devices.Ahci;

/// <summary>An entry of a command list (AHCI 1.3.1 §4.2.2), read once.</summary>
public readonly struct AhciCommandHeader
{
    /// <summary>Bytes of an entry.</summary>
    public const int Size = 32;

    /// <summary>Entries of a list.</summary>
    public const int Slots = 32;

    /// <summary>Bytes of a list.</summary>
    public const int ListSize = Size * Slots;

    /// <summary>Where PRDBC is in an entry.</summary>
    public const int TransferredOffset = 4;

    private const int DwordsPerHeader = Size / sizeof(uint);
    private const uint LengthMask = 0x1F;
    private const uint PacketBit = 1u << 5;
    private const uint WriteBit = 1u << 6;
    private const uint BistBit = 1u << 9;
    private const uint ClearBit = 1u << 10;
    private const uint RegisterFisDwords = 5; // Register Host to Device FIS (SATA 3.x §10.5.5)
    private const int PortMultiplierShift = 12;
    private const uint PortMultiplierMask = 0xF;
    private const int PrdtShift = 16;
    private const uint FlagsMask = 0xFFFF;
    private const uint TableMask = ~0x7Fu;
    private const int UpperShift = 32;

    private readonly uint _flags;

    private AhciCommandHeader(uint flags, uint transferred, ulong table)
    {
        _flags = flags;
        Transferred = transferred;
        Table = table;
    }

    /// <summary>PRDTL: entries of the table of buffers.</summary>
    public int PrdtLength => (int)(_flags >> PrdtShift);

    /// <summary>PRDBC: bytes transferred so far.</summary>
    public uint Transferred { get; }

    /// <summary>CTBA: physical address of the command table.</summary>
    public ulong Table { get; }

    /// <summary>CFL: dwords of the command FIS.</summary>
    public int FisLength => (int)(_flags & LengthMask);

    /// <summary>A: a packet goes to an ATAPI device.</summary>
    public bool IsPacket => (_flags & PacketBit) != 0;

    /// <summary>W: data go to the device.</summary>
    public bool IsWrite => (_flags & WriteBit) != 0;

    /// <summary>B: a test pattern is sent (SATA 3.x §10.5.8).</summary>
    public bool IsBist => (_flags & BistBit) != 0;

    /// <summary>PMP: the port of a port multiplier.</summary>
    public int PortMultiplier => (int)(_flags >> PortMultiplierShift & PortMultiplierMask);

    /// <summary>The header of a command without a packet that writes no data, for a port of a port multiplier.</summary>
    public static AhciCommandHeader For(int portMultiplier) => new(((uint)portMultiplier << PortMultiplierShift) | RegisterFisDwords, 0, 0);

    /// <summary>PRDBC in an entry.</summary>
    public static uint ReadTransferred(ReadOnlySpan<uint> list, int slot) => list[(slot * DwordsPerHeader) + 1];

    /// <summary>The entry of a slot.</summary>
    /// <param name="list">The list, as dwords.</param>
    /// <param name="slot">0 to 31.</param>
    /// <param name="has64Bits">Whether the controller looks at the upper half of the address.</param>
    public static AhciCommandHeader Read(ReadOnlySpan<uint> list, int slot, bool has64Bits)
    {
        int first = slot * DwordsPerHeader;
        ulong upper = has64Bits ? (ulong)list[first + 3] << UpperShift : 0;
        return new AhciCommandHeader(list[first], list[first + 1], upper | (list[first + 2] & TableMask));
    }

    /// <summary>The same with another command table.</summary>
    /// <param name="table">Its physical address.</param>
    /// <param name="prdtLength">Number of buffers in it.</param>
    /// <param name="transferred">PRDBC to begin with.</param>
    public AhciCommandHeader With(ulong table, int prdtLength, uint transferred) => new((_flags & FlagsMask) | ((uint)prdtLength << PrdtShift), transferred, table);

    /// <summary>
    /// The same for the command that was judged, and for no other: all of its FIS is sent, to where that says, its data go the way it says, and its slot stays taken until it has ended
    /// (C is 0: AHCI 1.3.1 §4.2.2).
    /// </summary>
    /// <param name="command">The command.</param>
    /// <param name="portMultiplier">The port of a port multiplier that the FIS names.</param>
    public AhciCommandHeader As(in DiskCommand command, int portMultiplier)
    {
        bool writes = command.Access == DiskAccess.Write || (!command.HasSectors && IsWrite);
        uint flags = For(portMultiplier)._flags | (command.Kind == AtaCommandClass.Packet ? PacketBit : 0) | (writes ? WriteBit : 0);
        return new AhciCommandHeader(flags | (_flags & ~FlagsMask), Transferred, Table);
    }

    /// <summary>The same without C: its slot stays taken until it has ended.</summary>
    public AhciCommandHeader WithoutClear() => new(_flags & ~ClearBit, Transferred, Table);

    /// <summary>Writes it into a list of the host's own.</summary>
    public void Write(Span<uint> list, int slot)
    {
        int first = slot * DwordsPerHeader;
        list[first] = _flags;
        list[first + 1] = Transferred;
        list[first + 2] = (uint)Table;
        list[first + 3] = (uint)(Table >> UpperShift);
    }
}
