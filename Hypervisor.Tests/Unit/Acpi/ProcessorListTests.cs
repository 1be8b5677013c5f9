using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using Hypervisor.Devices.Acpi;
using Xunit;

namespace Hypervisor.Tests.Unit.Acpi;

public class ProcessorListTests
{
    [Fact]
    public void Enabled_and_online_capable_processors_are_listed_in_order()
    {
        Expect([0, 4, 7], XApic(0, 1), XApic(2, 0), XApic(4, 2), XApic(7, 3), XApic(8, 0x8000_0000));
    }

    [Fact]
    public void X2apic_entries_count_too()
    {
        Expect([0x100, 3, 0xFFFF_0000], X2Apic(0x100, 1), XApic(3, 1), X2Apic(0xFFFF_0000, 2), X2Apic(5, 0));
    }

    [Fact]
    public void A_processor_named_twice_counts_once()
    {
        Expect([1, 2], XApic(1, 1), X2Apic(1, 1), XApic(2, 1), XApic(1, 1));
    }

    [Fact]
    public void Ids_that_name_nobody_are_left_out()
    {
        Expect([1], XApic(0xFF, 1), XApic(1, 1), X2Apic(0xFFFF_FFFF, 1));
    }

    [Fact]
    public void Other_entries_are_passed_over()
    {
        Expect([9, 10], [1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], XApic(9, 1), [4, 6, 0xFF, 5, 0, 1], [0x7F, 2], [0x80, 40, .. new byte[38]], XApic(10, 1));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void An_entry_without_length_ends_the_list(byte length)
    {
        Expect([1], XApic(1, 1), [0, length, 0, 2, 1, 0, 0, 0], XApic(3, 1));
    }

    [Fact]
    public void Entries_too_short_for_their_kind_are_passed_over()
    {
        Expect([1], [0, 4, 0, 9], [9, 8, 0, 0, 9, 0, 0, 0], XApic(1, 1));
    }

    [Fact]
    public void Longer_entries_are_read_as_far_as_they_are_known()
    {
        Expect([6, 1], [.. XApic(6, 1, 12), 0xAA, 0xAA, 0xAA, 0xAA], XApic(1, 1));
    }

    [Fact]
    public void A_table_that_ends_within_an_entry_is_read_as_far_as_it_goes()
    {
        byte[] whole = Table(XApic(1, 1), X2Apic(2, 1), XApic(3, 1));
        for (int length = 0; length <= whole.Length; length++)
        {
            uint[] ids = new uint[8];
            int expected = length >= 44 + 32 ? 3 : length >= 44 + 24 ? 2 : length >= 44 + 8 ? 1 : 0;
            Assert.Equal(expected, ProcessorList.Read(whole.AsSpan(0, length), ids));
        }
    }

    [Theory]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(1000)]
    public void More_processors_than_there_is_room_for_are_counted(int processors)
    {
        uint[] ids = new uint[256];
        byte[] table = Table([.. Enumerable.Range(0, processors).Select(i => X2Apic((uint)i, 1))]);
        Assert.Equal(processors, ProcessorList.Read(table, ids));
        Assert.Equal(Enumerable.Range(0, 256).Select(i => (uint)i), ids);
    }

    [Fact]
    public void Random_tables_never_fault()
    {
        Random random = new(4);
        uint[] ids = new uint[4];
        for (int round = 0; round < Fuzz.Rounds(20_000); round++)
        {
            byte[] table = new byte[random.Next(160)];
            random.NextBytes(table);
            for (int i = 44; i + 1 < table.Length && random.Next(8) != 0; i += table[i + 1])
            {
                table[i] = (byte)(random.Next(2) * 9);
                table[i + 1] = (byte)random.Next(1, 20);
            }

            int count = ProcessorList.Read(table, ids);
            Assert.InRange(count, 0, table.Length / 8);
        }
    }

    [Fact]
    public void Headers_are_read_within_their_bounds()
    {
        byte[] header = new byte[36];
        "APIC"u8.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(4), 0x1234);
        Assert.Equal(0x1234u, AcpiTables.Length(header));
        Assert.True(AcpiTables.Has(header, "APIC"u8));
        Assert.False(AcpiTables.Has(header, "APIX"u8));
        Assert.False(AcpiTables.Has(header.AsSpan(0, 3), "APIC"u8));
        Assert.Equal(0u, AcpiTables.Length(header.AsSpan(0, 35)));
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(4), 35);
        Assert.Equal(0u, AcpiTables.Length(header));

        byte[] root = new byte[36];
        BinaryPrimitives.WriteUInt32LittleEndian(root.AsSpan(16), 0x7788_99AA);
        BinaryPrimitives.WriteUInt64LittleEndian(root.AsSpan(24), 0x1_2345_6789);
        Assert.Equal((0ul, 0x7788_99AAu), (AcpiTables.Xsdt(root), AcpiTables.Rsdt(root)));
        root[15] = 2;
        Assert.Equal(0x1_2345_6789ul, AcpiTables.Xsdt(root));
        Assert.Equal(0ul, AcpiTables.Xsdt(root.AsSpan(0, 35)));
        Assert.Equal(0u, AcpiTables.Rsdt(root.AsSpan(0, 19)));
    }

    private static void Expect(uint[] expected, params byte[][] entries)
    {
        uint[] ids = new uint[16];
        int count = ProcessorList.Read(Table(entries), ids);
        Assert.Equal(expected, ids.Take(count));
    }

    private static byte[] Table(params byte[][] entries)
    {
        List<byte> table = [.. "APIC"u8, .. new byte[40]];
        foreach (byte[] entry in entries)
        {
            table.AddRange(entry);
        }

        byte[] bytes = [.. table];
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), bytes.Length);
        return bytes;
    }

    private static byte[] XApic(byte id, uint flags, byte length = 8) => [0, length, 0x55, id, (byte)flags, 0, 0, (byte)(flags >> 24)];

    private static byte[] X2Apic(uint id, uint flags) =>
        [9, 16, 0, 0, (byte)id, (byte)(id >> 8), (byte)(id >> 16), (byte)(id >> 24), (byte)flags, 0, 0, 0, 1, 2, 3, 4];
}
