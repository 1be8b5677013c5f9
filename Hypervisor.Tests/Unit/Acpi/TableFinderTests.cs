using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Hypervisor.Devices.Acpi;
using Xunit;

namespace Hypervisor.Tests.Unit.Acpi;

public class TableFinderTests
{
    private const ulong Start = 0x7F00_0000;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Tables_are_found_by_signature_and_byte_code_in_the_order_of_loading(bool isWide)
    {
        byte[] memory = FakeTableMemory.Build(Start, isWide, Named("SSDT", 1), Fadt(), Named("APIC", 2), Named("DSDT", 3), Named("SSDT", 4), Named("PSDT", 5));
        TableFinder<FakeTableMemory> finder = new(new FakeTableMemory(memory, Start), memory.AsSpan(0, 36));
        Assert.True(finder.Tables.IsValid);
        Assert.Equal(5, finder.Tables.Count);
        Assert.Equal(2, finder.Find("APIC"u8)[36]);
        Assert.True(finder.Find("MCFG"u8).IsEmpty);
        Assert.Equal([3, 1, 4, 5], Order(finder));
        Assert.Equal(4 * 37, new ByteCodeTables<FakeTableMemory>(finder).TotalLength);
        Assert.Equal(4, new ByteCodeTables<FakeTableMemory>(finder)[2][36]);
        Assert.True(new ByteCodeTables<FakeTableMemory>(finder)[4].IsEmpty);
    }

    [Fact]
    public void Without_a_DSDT_the_others_are_still_read()
    {
        byte[] memory = FakeTableMemory.Build(Start, true, Named("SSDT", 1), Named("SSDT", 2));
        Assert.Equal([1, 2], Order(new TableFinder<FakeTableMemory>(new FakeTableMemory(memory, Start), memory.AsSpan(0, 36))));
    }

    [Fact]
    public void An_XSDT_that_is_none_gives_way_to_the_RSDT()
    {
        byte[] memory = FakeTableMemory.Build(Start, false, Named("APIC", 2));
        memory[15] = 2;
        BinaryPrimitives.WriteUInt64LittleEndian(memory.AsSpan(24), Start + 0x1000); // a table of another kind
        TableFinder<FakeTableMemory> finder = new(new FakeTableMemory(memory, Start), memory.AsSpan(0, 36));
        Assert.Equal(2, finder.Find("APIC"u8)[36]);
        BinaryPrimitives.WriteUInt64LittleEndian(memory.AsSpan(24), 0xFFFF_FFFF_FFFF_FFF0);
        Assert.Equal(2, new TableFinder<FakeTableMemory>(new FakeTableMemory(memory, Start), memory.AsSpan(0, 36)).Find("APIC"u8)[36]);
    }

    [Theory]
    [InlineData(0x0000_0000)]
    [InlineData(0x0000_0010)]
    [InlineData(0x7F1F_FFF0)] // the header would go on behind the memory
    [InlineData(0xFFFF_FFFF)]
    public void Entries_that_lie_nowhere_are_passed_over(uint address)
    {
        byte[] memory = FakeTableMemory.Build(Start, false, Named("SSDT", 1), Named("SSDT", 2));
        int list = (int)(BinaryPrimitives.ReadUInt32LittleEndian(memory.AsSpan(16)) - Start);
        BinaryPrimitives.WriteUInt32LittleEndian(memory.AsSpan(list + 36), address);
        Assert.Equal([2], Order(new TableFinder<FakeTableMemory>(new FakeTableMemory(memory, Start), memory.AsSpan(0, 36))));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(35)]
    [InlineData(0x0100_0001)]
    [InlineData(-1)]
    public void Tables_of_an_impossible_length_are_passed_over(int length)
    {
        byte[] memory = FakeTableMemory.Build(Start, true, Named("SSDT", 1), Named("SSDT", 2));
        BinaryPrimitives.WriteInt32LittleEndian(memory.AsSpan(0x1004), length);
        Assert.Equal([2], Order(new TableFinder<FakeTableMemory>(new FakeTableMemory(memory, Start), memory.AsSpan(0, 36))));
    }

    [Fact]
    public void A_list_as_long_as_it_likes_is_looked_at_as_far_as_machines_need()
    {
        byte[] list = FakeTableMemory.Table("XSDT", new byte[8 * 100_000]);
        Assert.Equal(TableList.MostEntries, new TableList(list).Count);
        Assert.Equal(1, new TableList(list.AsSpan(0, 36 + 15)).Count);
        Assert.Equal(0, new TableList(list.AsSpan(0, 35)).Count);
    }

    [Fact]
    public void A_checksum_is_corrected_or_kept_as_wrong_as_it_was()
    {
        byte[] table = Named("SSDT", 1);
        Assert.True(AcpiTables.HasGoodChecksum(table));
        table[36] = 99;
        Assert.False(AcpiTables.HasGoodChecksum(table));
        AcpiTables.CorrectChecksum(table);
        Assert.True(AcpiTables.HasGoodChecksum(table));
        table[9] += 7;
        byte before = AcpiTables.Sum(table);
        table[36] = 12;
        AcpiTables.KeepChecksum(table, before);
        Assert.Equal(7, AcpiTables.Sum(table));
        AcpiTables.CorrectChecksum(table.AsSpan(0, 35)); // too short for a header: nothing is touched
        Assert.Equal(7, AcpiTables.Sum(table));
    }

    private static List<byte> Order(TableFinder<FakeTableMemory> finder)
    {
        List<byte> order = [];
        ByteCodeTables<FakeTableMemory> tables = new(finder);
        int cursor = 0;
        for (Span<byte> table = tables.Next(ref cursor); !table.IsEmpty; table = tables.Next(ref cursor))
        {
            order.Add(table[36]);
        }

        return order;
    }

    private static byte[] Named(string signature, byte content) => FakeTableMemory.Table(signature, content);

    private static byte[] Fadt() => FakeTableMemory.Table("FACP", new byte[116 - 36]);
}
