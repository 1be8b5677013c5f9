using System;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Uefi.Loading;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Guests.Launch;

/// <summary>Says how an image ended: <c>launch: \hv.efi: status 0</c>.</summary>
public static unsafe class StatusLine
{
    private const int Capacity = 256;

    private struct Storage
    {
        public fixed byte Bytes[Capacity];
    }

    /// <summary>Prints the line on the firmware's console.</summary>
    public static void Print(Firmware firmware, ReadOnlySpan<byte> path, EfiStatus status)
    {
        Storage storage;
        TextBuffer text = new(new Span<byte>(storage.Bytes, Capacity - 1));
        text.Append("launch: "u8);
        text.Append(path);
        text.Append(": status "u8);
        text.AppendHex((ulong)status);
        text.AppendLineFeed();
        firmware.Print(text.Written);
    }
}
