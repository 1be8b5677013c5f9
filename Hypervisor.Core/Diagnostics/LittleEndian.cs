using System;

namespace Hypervisor.Core.Diagnostics;

/// <summary>Numbers in bytes, the lowest first.</summary>
public static class LittleEndian
{
    private const int BitsPerByte = 8;

    /// <summary>Reads 16 bits.</summary>
    public static ushort Read16(ReadOnlySpan<byte> bytes, int offset) => (ushort)Read(bytes, offset, sizeof(ushort));

    /// <summary>Reads 32 bits.</summary>
    public static uint Read32(ReadOnlySpan<byte> bytes, int offset) => (uint)Read(bytes, offset, sizeof(uint));

    /// <summary>Reads 64 bits.</summary>
    public static ulong Read64(ReadOnlySpan<byte> bytes, int offset) => Read(bytes, offset, sizeof(ulong));

    /// <summary>Reads up to 64 bits: what is missing at the end counts as zeros.</summary>
    public static ulong ReadPart(ReadOnlySpan<byte> bytes, int offset) =>
        offset >= bytes.Length ? 0 : Read(bytes, offset, Math.Min(sizeof(ulong), bytes.Length - offset));

    /// <summary>Writes 16 bits.</summary>
    public static void Write16(Span<byte> bytes, int offset, ushort value) => Write(bytes, offset, value, sizeof(ushort));

    /// <summary>Writes 32 bits.</summary>
    public static void Write32(Span<byte> bytes, int offset, uint value) => Write(bytes, offset, value, sizeof(uint));

    /// <summary>Writes 64 bits.</summary>
    public static void Write64(Span<byte> bytes, int offset, ulong value) => Write(bytes, offset, value, sizeof(ulong));

    private static ulong Read(ReadOnlySpan<byte> bytes, int offset, int size)
    {
        ulong value = 0;
        for (int i = size - 1; i >= 0; i--)
        {
            value = (value << BitsPerByte) | bytes[offset + i];
        }

        return value;
    }

    private static void Write(Span<byte> bytes, int offset, ulong value, int size)
    {
        for (int i = 0; i < size; i++)
        {
            bytes[offset + i] = (byte)(value >> (i * BitsPerByte));
        }
    }
}
