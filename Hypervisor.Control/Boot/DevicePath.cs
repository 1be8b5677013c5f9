using System;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Control.Boot;

/// <summary>Device paths as bytes (UEFI 2.10 §10.3): nodes of type, sub-type, length and data, up to an end node.</summary>
internal static unsafe class DevicePath
{
    /// <summary>Most bytes of a path that hvctl handles.</summary>
    public const int Capacity = 1024;

    /// <summary>Bytes in front of a node's data, and of an end node.</summary>
    public const int HeaderSize = 4;

    private const int HardDriveSize = 42;
    private const int SignatureSize = 16;

    /// <summary>The bytes of the node at an offset; 0 when there is none that is whole.</summary>
    public static int NodeLength(ReadOnlySpan<byte> path, int offset)
    {
        if (offset + HeaderSize > path.Length)
        {
            return 0;
        }

        int length = LittleEndian.Read16(path, offset + 2);
        return length >= HeaderSize && offset + length <= path.Length ? length : 0;
    }

    /// <summary>Whether the node at an offset is of a type and sub-type.</summary>
    public static bool Is(ReadOnlySpan<byte> path, int offset, byte type, byte subType) => path[offset] == type && path[offset + 1] == subType;

    /// <summary>Where the end node of a path is; -1 when it has none.</summary>
    public static int FindEnd(ReadOnlySpan<byte> path)
    {
        int offset = 0;
        for (int length = NodeLength(path, 0); length != 0; length = NodeLength(path, offset))
        {
            if (path[offset] == EfiDevicePath.End)
            {
                return offset;
            }

            offset += length;
        }

        return -1;
    }

    /// <summary>Copies a path of the firmware's.</summary>
    /// <param name="from">The path.</param>
    /// <param name="path">Where it goes.</param>
    /// <param name="isWhole">Whether to take all of it even where the partition alone says where the file is (UEFI 2.10 §3.1.2, short-form paths).</param>
    /// <returns>Its length with the end node; 0 when it does not fit.</returns>
    public static int Copy(byte* from, Span<byte> path, bool isWhole)
    {
        byte* start = from;
        byte* node = from;
        while (node[0] != EfiDevicePath.End)
        {
            int length = *(ushort*)(node + 2);
            if (length < HeaderSize || node - from > path.Length)
            {
                return 0;
            }

            start = !isWhole && node[0] == EfiDevicePath.Media && node[1] == EfiDevicePath.HardDrive ? node : start;
            node += length;
        }

        int total = (int)(node - start) + HeaderSize;
        if (total > path.Length)
        {
            return 0;
        }

        new ReadOnlySpan<byte>(start, total - HeaderSize).CopyTo(path);
        AppendEnd(path, total - HeaderSize);
        return total;
    }

    /// <summary>Writes a node that names a partition (UEFI 2.10 §10.3.5.1).</summary>
    /// <param name="path">The path.</param>
    /// <param name="offset">Where the node goes.</param>
    /// <param name="number">Number of the partition, from 1.</param>
    /// <param name="start">Its first block.</param>
    /// <param name="size">Its blocks.</param>
    /// <param name="signature">Its GUID in a GPT, or the disk's four bytes in an MBR.</param>
    /// <returns>Where the next node goes.</returns>
    public static int AppendHardDrive(Span<byte> path, int offset, uint number, ulong start, ulong size, ReadOnlySpan<byte> signature)
    {
        const byte mbr = 1;
        const byte gpt = 2;
        bool isGpt = signature.Length == SignatureSize;
        Span<byte> node = path.Slice(offset, HardDriveSize);
        node.Clear();
        WriteHeader(node, EfiDevicePath.Media, EfiDevicePath.HardDrive, HardDriveSize);
        LittleEndian.Write32(node, 4, number);
        LittleEndian.Write64(node, 8, start);
        LittleEndian.Write64(node, 16, size);
        signature.CopyTo(node.Slice(24));
        node[40] = isGpt ? gpt : mbr;
        node[41] = isGpt ? gpt : mbr; // the kind of signature has the same two numbers
        return offset + HardDriveSize;
    }

    /// <summary>Writes a node that names a file (UEFI 2.10 §10.3.5.4); slashes become backslashes.</summary>
    /// <returns>Where the next node goes; 0 when there is no room for it and an end.</returns>
    public static int AppendFile(Span<byte> path, int offset, ReadOnlySpan<byte> file)
    {
        int size = HeaderSize + ((file.Length + 1) * sizeof(char));
        if (offset + size + HeaderSize > path.Length)
        {
            return 0;
        }

        Span<byte> node = path.Slice(offset, size);
        WriteHeader(node, EfiDevicePath.Media, EfiDevicePath.FilePath, size);
        for (int i = 0; i < file.Length; i++)
        {
            LittleEndian.Write16(node, HeaderSize + (i * sizeof(char)), file[i] == '/' ? '\\' : file[i]);
        }

        LittleEndian.Write16(node, size - sizeof(char), 0);
        return offset + size;
    }

    /// <summary>Writes the end node.</summary>
    /// <returns>The length of the whole path.</returns>
    public static int AppendEnd(Span<byte> path, int offset)
    {
        WriteHeader(path.Slice(offset), EfiDevicePath.End, EfiDevicePath.EntireEnd, HeaderSize);
        return offset + HeaderSize;
    }

    private static void WriteHeader(Span<byte> node, byte type, byte subType, int length)
    {
        node[0] = type;
        node[1] = subType;
        LittleEndian.Write16(node, 2, (ushort)length);
    }
}
