using System;

namespace Hypervisor.Devices.Acpi;

/// <summary>Reads ACPI tables as bytes: headers, lengths and checksums (ACPI 6.5 §5.2.6).</summary>
public static class AcpiTables
{
    /// <summary>Bytes of the header every table begins with.</summary>
    public const int HeaderSize = 36;

    /// <summary>Bytes of the root pointer of ACPI 1.0.</summary>
    public const int RootPointerSize = 20;

    /// <summary>Bytes of the root pointer since ACPI 2.0.</summary>
    public const int ExtendedRootPointerSize = 36;

    private const int LengthOffset = 4;
    private const int RevisionOffset = 15;
    private const int RsdtOffset = 16;
    private const int XsdtOffset = 24;

    /// <summary>Address of the XSDT, or 0 where the root pointer is older than ACPI 2.0.</summary>
    public static ulong Xsdt(ReadOnlySpan<byte> rootPointer) =>
        rootPointer.Length >= ExtendedRootPointerSize && rootPointer[RevisionOffset] >= 2 ? Read64(rootPointer, XsdtOffset) : 0;

    /// <summary>Address of the RSDT.</summary>
    public static uint Rsdt(ReadOnlySpan<byte> rootPointer) => rootPointer.Length >= RootPointerSize ? Read32(rootPointer, RsdtOffset) : 0;

    /// <summary>Length of a table from its header; 0 where it cannot be one.</summary>
    public static uint Length(ReadOnlySpan<byte> header)
    {
        uint length = header.Length >= HeaderSize ? Read32(header, LengthOffset) : 0;
        return length < HeaderSize ? 0 : length;
    }

    /// <summary>Whether a table has this four-letter signature.</summary>
    public static bool Has(ReadOnlySpan<byte> header, ReadOnlySpan<byte> signature)
    {
        if (header.Length < 4)
        {
            return false;
        }

        for (int i = 0; i < 4; i++)
        {
            if (header[i] != signature[i])
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Two bytes, lowest first.</summary>
    public static ushort Read16(ReadOnlySpan<byte> table, int offset) => (ushort)(table[offset] | (table[offset + 1] << 8));

    /// <summary>Four bytes, lowest first.</summary>
    public static uint Read32(ReadOnlySpan<byte> table, int offset) => Read16(table, offset) | ((uint)Read16(table, offset + 2) << 16);

    /// <summary>Eight bytes, lowest first.</summary>
    public static ulong Read64(ReadOnlySpan<byte> table, int offset) => Read32(table, offset) | ((ulong)Read32(table, offset + 4) << 32);
}
