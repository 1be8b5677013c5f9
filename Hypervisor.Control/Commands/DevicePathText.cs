using System;
using Hypervisor.Control.Boot;
using Hypervisor.Control.Platform;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Control.Commands;

/// <summary>Device paths for people: partitions and files in words, other nodes by their numbers (after UEFI 2.10 §10.6).</summary>
internal static class DevicePathText<TPlatform>
    where TPlatform : struct, IPlatform
{
    private const byte LastAscii = 0x7E;
    private const int GuidOffset = 24;
    private const int NumberOffset = 4;

    /// <summary>Prints a path.</summary>
    public static void Print(ReadOnlySpan<byte> path)
    {
        int offset = 0;
        for (int length = DevicePath.NodeLength(path, 0); length != 0 && path[offset] != EfiDevicePath.End; length = DevicePath.NodeLength(path, offset))
        {
            Output<TPlatform>.Text(offset == 0 ? default : "/"u8);
            PrintNode(path.Slice(offset, length));
            offset += length;
        }
    }

    /// <summary>Prints UTF-16 up to its zero.</summary>
    public static void PrintWide(ReadOnlySpan<byte> text)
    {
        for (int i = 0; i + sizeof(char) <= text.Length; i += sizeof(char))
        {
            ushort character = LittleEndian.Read16(text, i);
            if (character == 0)
            {
                return;
            }

            Output<TPlatform>.Text(character <= LastAscii ? text.Slice(i, 1) : "?"u8);
        }
    }

    private static void PrintNode(ReadOnlySpan<byte> node)
    {
        if (DevicePath.Is(node, 0, EfiDevicePath.Media, EfiDevicePath.FilePath))
        {
            PrintWide(node.Slice(DevicePath.HeaderSize));
        }
        else if (DevicePath.Is(node, 0, EfiDevicePath.Media, EfiDevicePath.HardDrive) && node.Length >= GuidOffset + (2 * sizeof(ulong)))
        {
            Span<byte> guid = stackalloc byte[GuidText.Length];
            GuidText.Write(new EfiGuid(LittleEndian.Read64(node, GuidOffset), LittleEndian.Read64(node, GuidOffset + sizeof(ulong))), guid, lower: false);
            Output<TPlatform>.Text("HD("u8);
            Output<TPlatform>.Decimal(LittleEndian.Read32(node, NumberOffset));
            Output<TPlatform>.Text(","u8);
            Output<TPlatform>.Text(guid);
            Output<TPlatform>.Text(")"u8);
        }
        else
        {
            Output<TPlatform>.Text("Path("u8);
            Output<TPlatform>.Decimal(node[0]);
            Output<TPlatform>.Text(","u8);
            Output<TPlatform>.Decimal(node[1]);
            for (int i = DevicePath.HeaderSize; i < node.Length; i++)
            {
                Output<TPlatform>.Text(i == DevicePath.HeaderSize ? ","u8 : default);
                Output<TPlatform>.Hex(node[i], 2);
            }

            Output<TPlatform>.Text(")"u8);
        }
    }
}
