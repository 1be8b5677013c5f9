using System;
using Hypervisor.Core.Records;
using Xunit;

namespace Hypervisor.Tests.Unit.Records;

public sealed unsafe class BootRecordsTests
{
    private static readonly Guid _first = new("11223344-5566-7788-99AA-BBCCDDEEFF00");
    private static readonly Guid _second = new("A0B0C0D0-1111-2222-3333-444455556666");

    [Fact]
    public void Records_are_found_by_their_place()
    {
        byte[] table = RecordTable.Write((_first, "hello"u8.ToArray()), (_second, []), (_first, new byte[100]));
        Assert.True(BootRecords.IsValid(table));
        fixed (byte* bytes = table)
        {
            BootRecords records = new(bytes, (uint)table.Length);
            Assert.Equal((3u, (uint)table.Length), (records.Count, records.Size));
            Assert.True(records.TryFind(0, out BootRecord record));
            Assert.Equal("hello"u8, record.Data);
            Assert.Equal(_first, GuidOf(record));
            Assert.True(records.TryFind(1, out record));
            Assert.Equal(_second, GuidOf(record));
            Assert.True(record.Data.IsEmpty);
            Assert.True(records.TryFind(2, out record));
            Assert.Equal(100, record.Data.Length);
            Assert.False(records.TryFind(3, out _));
            Assert.False(records.TryFind(ulong.MaxValue, out _));
        }
    }

    [Fact]
    public void Without_a_table_there_are_none()
    {
        BootRecords records = default;
        Assert.Equal(0u, records.Count);
        Assert.False(records.TryFind(0, out _));
        Assert.True(BootRecords.IsValid(RecordTable.Write()));
    }

    [Fact]
    public void A_table_that_is_cut_off_or_has_any_length_wrong_is_refused()
    {
        byte[] table = RecordTable.Write((_first, "hello"u8.ToArray()), (_second, new byte[33]));
        for (int length = 0; length < table.Length; length++)
        {
            Assert.False(BootRecords.IsValid(table.AsSpan(0, length)));
        }

        Assert.False(BootRecords.IsValid([.. table, 0]));
        foreach (int at in (int[])[0, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 19, BootRecords.HeaderSize + 17, BootRecords.HeaderSize + 19])
        {
            table[at] ^= 0x80;
            Assert.False(BootRecords.IsValid(table), $"byte {at}");
            table[at] ^= 0x80;
        }

        Assert.True(BootRecords.IsValid(table));
    }

    [Fact]
    public void A_table_beyond_the_limits_is_refused()
    {
        Assert.True(BootRecords.IsValid(RecordTable.Write((_first, new byte[BootRecords.MaximumSize - 48]))));
        Assert.False(BootRecords.IsValid(RecordTable.Write((_first, new byte[BootRecords.MaximumSize - 47]))));
        (Guid, byte[])[] many = new (Guid, byte[])[BootRecords.MaximumCount + 1];
        Array.Fill(many, (_first, []));
        Assert.False(BootRecords.IsValid(RecordTable.Write(many)));
        Assert.True(BootRecords.IsValid(RecordTable.Write(many[1..])));
    }

    [Fact]
    public void What_is_valid_can_be_read_whatever_the_bytes()
    {
        Random random = new(5);
        byte[] original = RecordTable.Write((_first, "hello"u8.ToArray()), (_second, new byte[33]), (_first, new byte[8]));
        for (int round = 0; round < Fuzz.Rounds(20_000); round++)
        {
            byte[] table = [.. original];
            for (int i = random.Next(4); i >= 0; i--)
            {
                table[random.Next(table.Length)] = (byte)random.Next(256);
            }

            if (!BootRecords.IsValid(table))
            {
                continue;
            }

            fixed (byte* bytes = table)
            {
                BootRecords records = new(bytes, (uint)table.Length);
                for (uint i = 0; i < records.Count; i++)
                {
                    Assert.True(records.TryFind(i, out BootRecord record));
                    Assert.True(record.Data.Length <= table.Length);
                }
            }
        }
    }

    private static Guid GuidOf(BootRecord record) => new([.. BitConverter.GetBytes(record.GuidLow), .. BitConverter.GetBytes(record.GuidHigh)]);
}
