using System;

namespace Hypervisor.Guests.AcpiTables.Tables;

/// <summary>The tables that lead to the others: the root pointer, and the list in its two forms (ACPI 6.5 §5.2.5 to §5.2.8).</summary>
public static class RootTables
{
    /// <summary>Bytes of the root pointer.</summary>
    public const int PointerSize = 36;

    /// <summary>Bytes of the firmware control structure.</summary>
    public const int FacsSize = 64;

    private const int FirstPointerSize = 20; // what ACPI 1.0 knew of it
    private const int ChecksumOffset = 8;
    private const int ExtendedChecksumOffset = 32;
    private const byte Revision = 2;
    private const byte FacsVersion = 1;
    private const int FacsVersionOffset = 32;

    /// <summary>Writes the root pointer.</summary>
    public static void WritePointer(Span<byte> storage, uint rsdt, ulong xsdt)
    {
        TableWriter pointer = new(storage);
        pointer.Text("RSD PTR "u8);
        pointer.Byte(0);
        pointer.Text("HV    "u8);
        pointer.Byte(Revision);
        pointer.DoubleWord(rsdt);
        pointer.DoubleWord(PointerSize);
        pointer.QuadWord(xsdt);
        pointer.Skip(PointerSize - pointer.Length);
        pointer.Patch(ChecksumOffset, TableWriter.Checksum(storage.Slice(0, FirstPointerSize)));
        pointer.Patch(ExtendedChecksumOffset, TableWriter.Checksum(storage.Slice(0, PointerSize)));
    }

    /// <summary>Writes the list with addresses of 32 bits.</summary>
    /// <returns>Its length.</returns>
    public static int WriteRsdt(Span<byte> storage, uint fadt, uint madt)
    {
        TableWriter table = new(storage);
        table.Begin("RSDT"u8, 1);
        table.DoubleWord(fadt);
        table.DoubleWord(madt);
        return table.End();
    }

    /// <summary>Writes the list with addresses of 64 bits.</summary>
    /// <returns>Its length.</returns>
    public static int WriteXsdt(Span<byte> storage, uint fadt, uint madt)
    {
        TableWriter table = new(storage);
        table.Begin("XSDT"u8, 1);
        table.QuadWord(fadt);
        table.QuadWord(madt);
        return table.End();
    }

    /// <summary>Writes the firmware control structure, which has no checksum (ACPI 6.5 §5.2.10).</summary>
    public static void WriteFacs(Span<byte> storage)
    {
        TableWriter table = new(storage);
        table.Text("FACS"u8);
        table.DoubleWord(FacsSize);
        table.Patch(FacsVersionOffset, FacsVersion);
    }
}
