using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using Hypervisor.Tool.Images;

namespace Hypervisor.Tests.Emulators;

/// <summary>A disk image with a GPT and one EFI system partition (UEFI 2.10 §5.3).</summary>
internal static class GptImage
{
    internal static readonly Guid Partition = new("0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0");

    private const int Block = 512;
    private const int EntrySize = 128;
    private const int EntryCount = 128;
    private const int EntryBlocks = EntrySize * EntryCount / Block;
    private const long FirstBlock = 2048;
    private const int HeaderSize = 92;

    private static readonly Guid _systemPartition = new("C12A7328-F81F-11D2-BA4B-00A0C93EC93B");
    private static readonly Guid _disk = new("A1A2A3A4-B1B2-C1C2-D1D2-E1E2E3E4E5E6");

    /// <summary>Makes the image, with files in its partition.</summary>
    internal static void Create(string path, long partitionBytes, IEnumerable<GuestFile> files)
    {
        string volume = path + ".fat";
        FatImage.Create(volume, partitionBytes).Add(files);
        long blocks = FirstBlock + (partitionBytes / Block) + EntryBlocks + 1;
        using FileStream image = new(path, FileMode.Create);
        image.SetLength(blocks * Block);
        image.Write(ProtectiveRecord(blocks));
        byte[] entries = Entries(partitionBytes / Block);
        uint checksum = Checksum(entries);
        Write(image, 1, Header(1, blocks - 1, 2, blocks, checksum));
        Write(image, 2, entries);
        Write(image, blocks - 1 - EntryBlocks, entries);
        Write(image, blocks - 1, Header(blocks - 1, 1, blocks - 1 - EntryBlocks, blocks, checksum));
        image.Position = FirstBlock * Block;
        using (FileStream content = File.OpenRead(volume))
        {
            content.CopyTo(image);
        }

        File.Delete(volume);
    }

    private static void Write(FileStream image, long block, byte[] bytes)
    {
        image.Position = block * Block;
        image.Write(bytes);
    }

    private static byte[] ProtectiveRecord(long blocks)
    {
        byte[] record = new byte[Block];
        record[446 + 2] = 2;
        record[446 + 4] = 0xEE;
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(446 + 8), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(446 + 12), (uint)(blocks - 1));
        record[510] = 0x55;
        record[511] = 0xAA;
        return record;
    }

    private static byte[] Entries(long blocks)
    {
        byte[] entries = new byte[EntrySize * EntryCount];
        _systemPartition.TryWriteBytes(entries);
        Partition.TryWriteBytes(entries.AsSpan(16));
        BinaryPrimitives.WriteInt64LittleEndian(entries.AsSpan(32), FirstBlock);
        BinaryPrimitives.WriteInt64LittleEndian(entries.AsSpan(40), FirstBlock + blocks - 1);
        return entries;
    }

    private static byte[] Header(long self, long other, long entries, long blocks, uint checksum)
    {
        byte[] header = new byte[Block];
        "EFI PART"u8.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(8), 0x0001_0000);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(12), HeaderSize);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(24), self);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(32), other);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(40), 2 + EntryBlocks);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(48), blocks - EntryBlocks - 2);
        _disk.TryWriteBytes(header.AsSpan(56));
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(72), entries);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(80), EntryCount);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(84), EntrySize);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(88), checksum);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(16), Checksum(header.AsSpan(0, HeaderSize)));
        return header;
    }

    /// <summary>CRC-32 as UEFI has it (§4.2): reversed polynomial 0xEDB88320.</summary>
    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB8_8320 : 0);
            }
        }

        return ~crc;
    }
}
