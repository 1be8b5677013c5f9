using System;
using System.Collections.Generic;
using System.Text;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Diagnostics;

public sealed unsafe class SymbolTableTests
{
    [Theory]
    [InlineData(0x0Fu, "", 0u)]
    [InlineData(0x10u, "Entry", 0u)]
    [InlineData(0x1Fu, "Entry", 0xFu)]
    [InlineData(0x20u, "Second", 0u)]
    [InlineData(0x2FFu, "Second", 0x2DFu)]
    [InlineData(0x300u, "Last", 0u)]
    [InlineData(0xFFFF_FFFFu, "Last", 0xFFFF_FCFFu)]
    public void The_symbol_at_or_before_an_offset_is_found(uint offset, string expected, uint distance)
    {
        byte[] table = Table((0x10, "Entry"), (0x20, "Second"), (0x300, "Last"));
        Assert.Equal(expected, Find(table, (uint)table.Length, offset, out uint found));
        Assert.Equal(distance, found);
    }

    [Fact]
    public void A_missing_or_empty_table_has_no_names()
    {
        Assert.True(SymbolTable.Find(null, 0, 5, out _).IsEmpty);
        Assert.True(SymbolTable.Find(null, 100, 5, out _).IsEmpty);
        Assert.Equal("", Find(new byte[4], 4, 5, out _));
        Assert.Equal("", Find(new byte[3], 3, 5, out _));
    }

    [Fact]
    public void A_name_is_cut_at_the_end_of_the_table_and_at_its_greatest_length()
    {
        byte[] table = Table((0x10, new string('x', 200)));
        Assert.Equal(new string('x', 96), Find(table, (uint)table.Length, 0x10, out _));
        Assert.Equal(new string('x', 7), Find(table, 12 + 7, 0x10, out _));
    }

    [Fact]
    public void A_damaged_table_is_read_within_its_bounds()
    {
        // The table ends with a page, and nothing is mapped behind it: a read too far would end the test run.
        using NativeRegion memory = new(0x6000_0000, 0x10_0000);
        Random random = new(6);
        for (int round = 0; round < Fuzz.Rounds(20_000); round++)
        {
            byte[] table = random.Next(2) == 0 ? new byte[random.Next(4, 64)] : Table((0x10, "Entry"), (0x20, "Second"), (0x300, "Last"));
            if (table[0] == 0)
            {
                random.NextBytes(table);
                table[0] = (byte)random.Next(12);
                table.AsSpan(1, 3).Fill((byte)(random.Next(8) == 0 ? 0xFF : 0));
            }
            else
            {
                table[random.Next(table.Length)] = (byte)random.Next(256);
            }

            byte* start = (byte*)(memory.Base + 0x10_0000 - (ulong)table.Length);
            table.CopyTo(new Span<byte>(start, table.Length));
            ReadOnlySpan<byte> name = SymbolTable.Find(start, (uint)table.Length, (uint)random.Next(0x400), out _);
            Assert.InRange(name.Length, 0, 96);
            if (!name.IsEmpty)
            {
                fixed (byte* text = name)
                {
                    Assert.True(text >= start && text + name.Length <= start + table.Length);
                }
            }
        }
    }

    private static string Find(byte[] table, uint size, uint offset, out uint distance)
    {
        fixed (byte* start = table)
        {
            return Encoding.ASCII.GetString(SymbolTable.Find(start, size, offset, out distance));
        }
    }

    private static byte[] Table(params (uint Offset, string Name)[] symbols)
    {
        List<byte> entries = [.. BitConverter.GetBytes(symbols.Length)];
        List<byte> names = [];
        foreach ((uint offset, string name) in symbols)
        {
            entries.AddRange(BitConverter.GetBytes(offset));
            entries.AddRange(BitConverter.GetBytes(4 + (symbols.Length * 8) + names.Count));
            names.AddRange(Encoding.ASCII.GetBytes(name));
            names.Add(0);
        }

        return [.. entries, .. names];
    }
}
