using System;
using Hypervisor.Core.Diagnostics;

namespace Hypervisor.Core.Records;

/// <summary>
/// Data that a loader or a tool hands to the host at boot, each under a GUID (L14): the host keeps a copy and gives it back to whoever has the secret.
/// </summary>
/// <remarks>
/// <para>The format, version 1, little-endian. Header of 24 bytes: signature "HVRECORD", version (16 bits), size of the header (16 bits), size of everything
/// (32 bits), number of records (32 bits), 0 (32 bits). Then the records, each at a multiple of 8: GUID (16 bytes), bytes of data (32 bits), 0 (32 bits), the
/// data, zeros up to a multiple of 8.</para>
/// <para>It is published as a UEFI configuration table before hv.efi is loaded. Nothing in it is believed before <see cref="IsValid"/> has seen it.</para>
/// </remarks>
public unsafe struct BootRecords
{
    /// <summary>Most bytes of everything.</summary>
    public const int MaximumSize = 0x4000;

    /// <summary>Most records.</summary>
    public const int MaximumCount = 64;

    /// <summary>Bytes of the header.</summary>
    public const int HeaderSize = 24;

    /// <summary>Bytes in front of each record's data.</summary>
    public const int RecordHeaderSize = 24;

    /// <summary>"HVRECORD", read as bytes.</summary>
    public const ulong Signature = 0x4452_4F43_4552_5648;

    /// <summary>The version described here.</summary>
    public const ushort Version = 1;

    /// <summary>Offset of the version.</summary>
    public const int VersionOffset = 8;

    /// <summary>Offset of the header's size.</summary>
    public const int HeaderSizeOffset = 10;

    /// <summary>Offset of the size of everything.</summary>
    public const int SizeOffset = 12;

    /// <summary>Offset of the number of records.</summary>
    public const int CountOffset = 16;

    /// <summary>Offset, in a record, of its length.</summary>
    public const int LengthOffset = 16;

    private const int Alignment = 8;

    private readonly byte* _bytes;
    private readonly uint _size;

    /// <summary>Takes a table that has been found valid.</summary>
    /// <param name="bytes">The table, in memory of the host.</param>
    /// <param name="size">Its bytes; 0 where there is none.</param>
    public BootRecords(byte* bytes, uint size)
    {
        _bytes = bytes;
        _size = size;
    }

    /// <summary>Bytes of everything; 0 where there are no records.</summary>
    public readonly uint Size => _size;

    /// <summary>Number of records.</summary>
    public readonly uint Count => _size == 0 ? 0 : LittleEndian.Read32(Table, CountOffset);

    private readonly ReadOnlySpan<byte> Table => new(_bytes, (int)_size);

    /// <summary>Whether a table is what this format says, from the first byte to the last.</summary>
    /// <param name="table">As many bytes as its header says, <see cref="SizeFrom"/>.</param>
    public static bool IsValid(ReadOnlySpan<byte> table)
    {
        if (table.Length < HeaderSize || SizeFrom(table) != (uint)table.Length)
        {
            return false;
        }

        uint count = LittleEndian.Read32(table, CountOffset);
        uint offset = HeaderSize;
        for (uint i = 0; i < count; i++)
        {
            if (offset + RecordHeaderSize > (uint)table.Length)
            {
                return false;
            }

            uint length = LittleEndian.Read32(table, (int)offset + LengthOffset);
            if (length > MaximumSize || offset + Space(length) > (uint)table.Length)
            {
                return false;
            }

            offset += Space(length);
        }

        return count <= MaximumCount && offset == (uint)table.Length;
    }

    /// <summary>The size of everything as a header says it.</summary>
    /// <param name="header">At least <see cref="HeaderSize"/> bytes.</param>
    /// <returns>The size; 0 when this is no header of a table that could be taken.</returns>
    public static uint SizeFrom(ReadOnlySpan<byte> header)
    {
        uint size = LittleEndian.Read32(header, SizeOffset);
        bool isKnown = LittleEndian.Read64(header, 0) == Signature
            && LittleEndian.Read16(header, VersionOffset) == Version
            && LittleEndian.Read16(header, HeaderSizeOffset) == HeaderSize;
        return isKnown && size is >= HeaderSize and <= MaximumSize ? size : 0;
    }

    /// <summary>The bytes a record takes with its header.</summary>
    public static uint Space(uint length) => RecordHeaderSize + ((length + Alignment - 1) / Alignment * Alignment);

    /// <summary>Finds a record by its place.</summary>
    /// <param name="number">Its number, from 0.</param>
    /// <param name="record">The record.</param>
    /// <returns>False when there is no such record.</returns>
    public readonly bool TryFind(ulong number, out BootRecord record)
    {
        record = default;
        if (number >= Count)
        {
            return false;
        }

        ReadOnlySpan<byte> table = Table;
        int offset = HeaderSize;
        for (uint i = 0; i < number; i++)
        {
            offset += (int)Space(LittleEndian.Read32(table, offset + LengthOffset));
        }

        record = new BootRecord(
            LittleEndian.Read64(table, offset),
            LittleEndian.Read64(table, offset + sizeof(ulong)),
            table.Slice(offset + RecordHeaderSize, (int)LittleEndian.Read32(table, offset + LengthOffset)));
        return true;
    }
}
