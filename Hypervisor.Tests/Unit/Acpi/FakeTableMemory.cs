using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;
using Hypervisor.Devices.Acpi;

namespace Hypervisor.Tests.Unit.Acpi;

/// <summary>A machine's memory with tables in it, beginning at an address of its own; what is outside is no memory.</summary>
internal readonly struct FakeTableMemory(byte[] bytes, ulong start) : ITableMemory
{
    public Span<byte> Map(ulong address, int length) =>
        address < start || address - start > (ulong)bytes.Length || length < 0 || (ulong)length > (ulong)bytes.Length - (address - start)
            ? default
            : bytes.AsSpan((int)(address - start), length);

    /// <summary>Puts a root pointer, a list and these tables into memory. A FADT among them is made to name the DSDT among them, which is in no list.</summary>
    internal static byte[] Build(ulong start, bool isWide, params IReadOnlyList<byte[]> tables)
    {
        byte[] memory = new byte[0x20_0000];
        int at = 0x1000;
        List<ulong> listed = [];
        ulong dsdt = 0;
        foreach (byte[] table in tables)
        {
            table.CopyTo(memory, at);
            if (AcpiTables.Has(table, "DSDT"u8))
            {
                dsdt = start + (ulong)at;
            }
            else
            {
                listed.Add(start + (ulong)at);
            }

            at += (table.Length + 63) & ~63;
        }

        foreach (ulong address in listed)
        {
            Span<byte> table = memory.AsSpan((int)(address - start));
            if (AcpiTables.Has(table, "FACP"u8))
            {
                BinaryPrimitives.WriteUInt32LittleEndian(table[40..], (uint)dsdt);
            }
        }

        int entry = isWide ? 8 : 4;
        byte[] list = Table(isWide ? "XSDT" : "RSDT", new byte[entry * listed.Count]);
        for (int i = 0; i < listed.Count; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(list.AsSpan(36 + (i * entry)), (uint)listed[i]);
        }

        AcpiTables.CorrectChecksum(list);
        list.CopyTo(memory, at);
        "RSD PTR "u8.CopyTo(memory);
        memory[15] = (byte)(isWide ? 2 : 0);
        BinaryPrimitives.WriteUInt64LittleEndian(memory.AsSpan(isWide ? 24 : 16), start + (ulong)at);
        return memory;
    }

    /// <summary>A table of this content.</summary>
    internal static byte[] Table(string signature, params byte[] content)
    {
        byte[] table = [.. new byte[AcpiTables.HeaderSize], .. content];
        Encoding.ASCII.GetBytes(signature).CopyTo(table, 0);
        BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan(4), table.Length);
        table[8] = 2;
        AcpiTables.CorrectChecksum(table);
        return table;
    }
}
