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

    /// <summary>Most bytes that a table is believed to have: longer ones are rubbish.</summary>
    public const int LargestTable = 16 << 20;

    private const int LengthOffset = 4;
    private const int ChecksumOffset = 9;
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

    /// <summary>
    /// Whether a table holds byte code: the DSDT, and what is loaded beside it. PSDT is obsolete, and still loaded like an SSDT.
    /// </summary>
    public static bool IsSecondary(ReadOnlySpan<byte> header) => Has(header, "SSDT"u8) || Has(header, "PSDT"u8);

    /// <summary>Whether the bytes of a table add up to zero. Operating systems warn where they do not, and use the table.</summary>
    public static bool HasGoodChecksum(ReadOnlySpan<byte> table) => Sum(table) == 0;

    /// <summary>
    /// Makes the bytes of a table add up to zero again, after a change. The FACS has no checksum and must not be given here.
    /// </summary>
    /// <param name="table">The whole table.</param>
    public static void CorrectChecksum(Span<byte> table)
    {
        if (table.Length >= HeaderSize)
        {
            table[ChecksumOffset] -= Sum(table);
        }
    }

    /// <summary>
    /// Keeps a wrong checksum wrong by as much: what was visible to an operating system before a change is afterwards, too.
    /// </summary>
    /// <param name="table">The whole table, changed.</param>
    /// <param name="before">What <see cref="Sum"/> was before the change.</param>
    public static void KeepChecksum(Span<byte> table, byte before)
    {
        if (table.Length >= HeaderSize)
        {
            table[ChecksumOffset] -= (byte)(Sum(table) - before);
        }
    }

    /// <summary>The sum of all bytes, modulo 256.</summary>
    public static byte Sum(ReadOnlySpan<byte> table)
    {
        byte sum = 0;
        for (int i = 0; i < table.Length; i++)
        {
            sum += table[i];
        }

        return sum;
    }

    /// <summary>Two bytes, lowest first.</summary>
    public static ushort Read16(ReadOnlySpan<byte> table, int offset) => (ushort)(table[offset] | (table[offset + 1] << 8));

    /// <summary>Four bytes, lowest first.</summary>
    public static uint Read32(ReadOnlySpan<byte> table, int offset) => Read16(table, offset) | ((uint)Read16(table, offset + 2) << 16);

    /// <summary>Eight bytes, lowest first.</summary>
    public static ulong Read64(ReadOnlySpan<byte> table, int offset) => Read32(table, offset) | ((ulong)Read32(table, offset + 4) << 32);
}
