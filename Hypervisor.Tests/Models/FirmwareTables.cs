using System;
using System.Buffers.Binary;

namespace Hypervisor.Tests.Models;

/// <summary>The least of ACPI tables that names the ports a platform's mediators stand at: RSDP, XSDT, FADT (ACPI 6.5 §5.2).</summary>
internal static class FirmwareTables
{
    internal const ulong Address = 0x4000_0000;
    internal const ushort SmiCommand = 0xB2;
    internal const byte AcpiEnable = 0xA0;
    internal const byte AcpiDisable = 0xA1;
    internal const ushort Pm1aControl = 0x404;
    internal const ushort Pm1bControl = 0x504;

    private const int XsdtOffset = 0x100;
    private const int FadtOffset = 0x200;
    private const int FadtSize = 276;
    private const int HeaderSize = 36;

    internal static byte[] Build()
    {
        byte[] memory = new byte[0x400];
        Span<byte> root = memory.AsSpan(0, 36);
        "RSD PTR "u8.CopyTo(root);
        root[15] = 2;
        BinaryPrimitives.WriteInt32LittleEndian(root[20..], root.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(root[24..], Address + XsdtOffset);
        root[8] = (byte)-Sum(root[..20]);
        root[32] = (byte)-Sum(root);

        Span<byte> list = Header(memory.AsSpan(XsdtOffset, HeaderSize + sizeof(ulong)), "XSDT"u8, 1);
        BinaryPrimitives.WriteUInt64LittleEndian(list[HeaderSize..], Address + FadtOffset);
        list[9] = (byte)-Sum(list);

        Span<byte> fadt = Header(memory.AsSpan(FadtOffset, FadtSize), "FACP"u8, 6);
        BinaryPrimitives.WriteUInt32LittleEndian(fadt[48..], SmiCommand);
        fadt[52] = AcpiEnable;
        fadt[53] = AcpiDisable;
        BinaryPrimitives.WriteUInt32LittleEndian(fadt[64..], Pm1aControl);
        BinaryPrimitives.WriteUInt32LittleEndian(fadt[68..], Pm1bControl);
        fadt[89] = 2; // PM1_CNT_LEN
        fadt[9] = (byte)-Sum(fadt);
        return memory;
    }

    private static Span<byte> Header(Span<byte> table, ReadOnlySpan<byte> signature, byte revision)
    {
        signature.CopyTo(table);
        BinaryPrimitives.WriteInt32LittleEndian(table[4..], table.Length);
        table[8] = revision;
        return table;
    }

    private static int Sum(ReadOnlySpan<byte> bytes)
    {
        int sum = 0;
        foreach (byte value in bytes)
        {
            sum += value;
        }

        return sum;
    }
}
