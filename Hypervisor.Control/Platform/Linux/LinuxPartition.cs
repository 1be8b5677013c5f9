using System;
using Hypervisor.Control.Boot;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Diagnostics;

namespace Hypervisor.Control.Platform.Linux;

/// <summary>A partition as firmware names it: number, extent, and the signature that its disk's table gives it.</summary>
internal static unsafe class LinuxPartition
{
    /// <summary>Bytes of struct stat.</summary>
    public const int StatusSize = 144;

    private const int DeviceOffset = 40; // st_rdev
    private const int SectorSize = 512; // the unit of sysfs, whatever the disk's block
    private const int TextCapacity = 512;

    /// <summary>Numbers of the device behind a device file; 0, 0 where there is none.</summary>
    public static (uint Major, uint Minor) DeviceOf(ReadOnlySpan<byte> file)
    {
        Span<byte> storage = stackalloc byte[LinuxPath.Capacity];
        LinuxPath path = new(storage);
        path.Append(file);
        byte* status = stackalloc byte[StatusSize];
        if (path.Pointer == null || SystemCall.Stat(path.Pointer, status) != 0)
        {
            return default;
        }

        ulong device = *(ulong*)(status + DeviceOffset);
        return ((uint)((device >> 8) & 0xFFF), (uint)((device & 0xFF) | ((device >> 12) & 0xFFFFFF00)));
    }

    /// <summary>Writes the node of the device path that names a partition.</summary>
    /// <returns>How it went; what went wrong has been said.</returns>
    public static ExitStatus Append(uint major, uint minor, Span<byte> path, ref int length)
    {
        ulong number = ReadNumber(major, minor, "/partition"u8);
        ulong sectorsPerBlock = ReadNumber(major, minor, "/../queue/logical_block_size"u8) / SectorSize;
        if (number == 0 || sectorsPerBlock == 0)
        {
            return Complaint<LinuxPlatform>.Say(
                "the volume is not a partition of a disk; --boot-device takes the device that the machine was started from"u8);
        }

        ulong start = ReadNumber(major, minor, "/start"u8) / sectorsPerBlock;
        ulong size = ReadNumber(major, minor, "/size"u8) / sectorsPerBlock;
        Span<byte> signature = stackalloc byte[PartitionTable.GuidSize];
        int signatureSize = ReadSignature(major, minor, (uint)number, (uint)sectorsPerBlock * SectorSize, start, signature);
        if (signatureSize == 0)
        {
            return Complaint<LinuxPlatform>.Say("the partition table of the disk cannot be read (are you root?) or does not have this partition"u8);
        }

        length = DevicePath.AppendHardDrive(path, length, (uint)number, start, size, signature.Slice(0, signatureSize));
        return ExitStatus.Success;
    }

    private static int ReadSignature(uint major, uint minor, uint number, uint blockSize, ulong start, Span<byte> signature)
    {
        // The disk is the folder around the partition's: ".." is where the link leads, not where it is.
        Span<byte> text = stackalloc byte[TextCapacity];
        int length = Read(major, minor, "/../uevent"u8, text);
        ReadOnlySpan<byte> name = ValueOf(text.Slice(0, Math.Max(length, 0)), "DEVNAME="u8);
        if (name.IsEmpty)
        {
            return 0;
        }

        Span<byte> storage = stackalloc byte[LinuxPath.Capacity];
        LinuxPath disk = new(storage);
        disk.Append("/dev/"u8);
        disk.Append(name);
        return PartitionTable.ReadSignature(disk.Pointer, number, blockSize, start, signature);
    }

    private static ulong ReadNumber(uint major, uint minor, ReadOnlySpan<byte> file)
    {
        Span<byte> text = stackalloc byte[TextCapacity];
        int length = Read(major, minor, file, text);
        ulong value = 0;
        for (int i = 0; i < length && text[i] is >= (byte)'0' and <= (byte)'9'; i++)
        {
            value = (value * 10) + text[i] - '0';
        }

        return value;
    }

    private static int Read(uint major, uint minor, ReadOnlySpan<byte> file, Span<byte> text)
    {
        Span<byte> storage = stackalloc byte[LinuxPath.Capacity];
        LinuxPath path = new(storage);
        path.Append("/sys/dev/block/"u8);
        path.Append(major);
        path.Append(":"u8);
        path.Append(minor);
        path.Append(file);
        return LinuxFile.Read(path.Pointer, text);
    }

    /// <summary>The rest of the line that begins with a key.</summary>
    private static ReadOnlySpan<byte> ValueOf(ReadOnlySpan<byte> lines, ReadOnlySpan<byte> key)
    {
        while (!lines.IsEmpty)
        {
            int end = AsciiText.IndexOf(lines, (byte)'\n');
            end = end < 0 ? lines.Length : end;
            if (AsciiText.StartsWith(lines, key))
            {
                return lines.Slice(key.Length, end - key.Length);
            }

            lines = lines.Slice(Math.Min(end + 1, lines.Length));
        }

        return default;
    }
}
