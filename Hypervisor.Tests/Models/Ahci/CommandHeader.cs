using System;
using System.Buffers.Binary;

namespace Hypervisor.Tests.Models.Ahci;

/// <summary>An entry of a command list (AHCI 1.3.1 §4.2.2).</summary>
internal readonly struct CommandHeader
{
    internal const int Size = 32;

    private const uint AtapiBit = 1 << 5;
    private const uint WriteBit = 1 << 6;
    private const uint ClearBusyBit = 1 << 10;

    private readonly uint _flags;
    private readonly ulong _table;

    internal CommandHeader(ReadOnlySpan<byte> bytes)
    {
        _flags = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        _table = BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]);
    }

    internal CommandHeader(int fisDwords, bool isAtapi, bool isWrite, bool clearsBusy, int multiplierPort, int descriptors, ulong table)
    {
        _flags = (uint)fisDwords | (isAtapi ? AtapiBit : 0) | (isWrite ? WriteBit : 0) | (clearsBusy ? ClearBusyBit : 0) | ((uint)multiplierPort << 12) | ((uint)descriptors << 16);
        _table = table;
    }

    internal int FisDwords => (int)(_flags & 0x1F);

    internal bool IsAtapi => (_flags & AtapiBit) != 0;

    internal bool IsWrite => (_flags & WriteBit) != 0;

    /// <summary>BSY is cleared as soon as the device has taken the frame.</summary>
    internal bool ClearsBusy => (_flags & ClearBusyBit) != 0;

    internal int MultiplierPort => (int)(_flags >> 12) & 0xF;

    internal int Descriptors => (int)(_flags >> 16);

    internal ulong Table => _table & ~0x7Ful;

    internal void WriteTo(Span<byte> bytes)
    {
        bytes[..Size].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, _flags);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], _table);
    }
}
