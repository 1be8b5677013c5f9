using System;
using Hypervisor.Core.Diagnostics;

namespace Hypervisor.Control.Platform.Linux;

/// <summary>What a disk's partition table calls a partition: GPT (UEFI 2.10 §5.3), else MBR (§5.2).</summary>
internal static unsafe class PartitionTable
{
    /// <summary>Bytes of a partition's GUID.</summary>
    public const int GuidSize = 16;

    private const int HeaderSize = 92;
    private const ulong HeaderSignature = 0x5452_4150_2049_4645; // "EFI PART"
    private const int EntriesBlockOffset = 72;
    private const int EntryCountOffset = 80;
    private const int EntrySizeOffset = 84;
    private const int EntryGuidOffset = 16;
    private const int EntryStartOffset = 32;
    private const int EntryUsedSize = 48;
    private const uint MaximumEntrySize = 4096;
    private const int MasterBootRecordSize = 512;
    private const int MasterBootRecordMark = 510;
    private const ushort Mark = 0xAA55;
    private const int DiskSignatureOffset = 0x1B8;
    private const int DiskSignatureSize = 4;

    /// <summary>Reads it.</summary>
    /// <param name="disk">Device file of the disk.</param>
    /// <param name="number">Number of the partition, from 1.</param>
    /// <param name="blockSize">Bytes of a block.</param>
    /// <param name="start">First block of the partition, which the table must have too.</param>
    /// <param name="signature">Where it goes.</param>
    /// <returns>Its bytes: 16 in a GPT, 4 in an MBR; 0 where there is none.</returns>
    public static int ReadSignature(byte* disk, uint number, uint blockSize, ulong start, Span<byte> signature)
    {
        Span<byte> header = stackalloc byte[HeaderSize];
        if (!LinuxFile.ReadAt(disk, blockSize, header))
        {
            return 0;
        }

        return LittleEndian.Read64(header, 0) == HeaderSignature
            ? ReadGuid(disk, header, number, blockSize, start, signature)
            : ReadDiskSignature(disk, signature);
    }

    private static int ReadGuid(byte* disk, ReadOnlySpan<byte> header, uint number, uint blockSize, ulong start, Span<byte> signature)
    {
        uint entrySize = LittleEndian.Read32(header, EntrySizeOffset);
        if (number == 0 || number > LittleEndian.Read32(header, EntryCountOffset) || entrySize is < EntryUsedSize or > MaximumEntrySize)
        {
            return 0;
        }

        Span<byte> entry = stackalloc byte[EntryUsedSize];
        ulong offset = (LittleEndian.Read64(header, EntriesBlockOffset) * blockSize) + ((ulong)(number - 1) * entrySize);
        if (!LinuxFile.ReadAt(disk, offset, entry) || LittleEndian.Read64(entry, EntryStartOffset) != start)
        {
            return 0;
        }

        entry.Slice(EntryGuidOffset, GuidSize).CopyTo(signature);
        return GuidSize;
    }

    private static int ReadDiskSignature(byte* disk, Span<byte> signature)
    {
        Span<byte> record = stackalloc byte[MasterBootRecordSize];
        if (!LinuxFile.ReadAt(disk, 0, record) || LittleEndian.Read16(record, MasterBootRecordMark) != Mark)
        {
            return 0;
        }

        record.Slice(DiskSignatureOffset, DiskSignatureSize).CopyTo(signature);
        return DiskSignatureSize;
    }
}
