using System;
using System.Collections.Generic;
using System.Text;
using Hypervisor.Core.Diagnostics;
using Xunit;

namespace Hypervisor.Tests.Unit.Diagnostics;

public class LogRingTests
{
    [Fact]
    public void A_line_has_time_processor_level_and_text()
    {
        LogRing ring = LogRing.Create(new byte[LogRing.MinimumBlockSize]);
        ring.Append(0x1234_5678_9ABC, 3, LogLevel.Warning, "a\tb\nc\x80"u8);
        Assert.Equal("0000123456789ABC 0003 W a?b?c??\n", ReadAll(ring));
    }

    [Fact]
    public void A_long_text_is_cut_to_one_line()
    {
        LogRing ring = LogRing.Create(new byte[LogRing.MinimumBlockSize]);
        byte[] text = new byte[1000];
        Array.Fill(text, (byte)'x');
        ring.Append(1, 0x12345, LogLevel.Error, text);
        string line = ReadAll(ring);
        Assert.Equal(LogRing.MaximumLineLength, line.Length);
        Assert.StartsWith("0000000000000001 2345 E xxx", line, StringComparison.Ordinal);
        Assert.EndsWith("x\n", line, StringComparison.Ordinal);
    }

    [Fact]
    public void The_newest_lines_are_kept_whole_and_in_order_whatever_their_length()
    {
        Random random = new(8);
        for (int round = Fuzz.Rounds(200); round > 0; round--)
        {
            byte[] block = new byte[LogRing.MinimumBlockSize + random.Next(3000)];
            LogRing ring = LogRing.Create(block);
            List<string> lines = [];
            for (int number = random.Next(300); number > 0; number--)
            {
                string text = new((char)('a' + random.Next(26)), random.Next(300));
                ring.Append((ulong)number, 1, LogLevel.Debug, Encoding.ASCII.GetBytes(text));
                lines.Add($"{number:X16} 0001 D {text[..Math.Min(text.Length, LogRing.MaximumLineLength - 25)]}\n");
                string kept = ReadAll(LogRing.Open(block));
                string written = string.Concat(lines);
                Assert.EndsWith(kept, written, StringComparison.Ordinal);
                Assert.True(kept.Length == written.Length || kept.Length > block.Length - 32 - (2 * LogRing.MaximumLineLength));
                Assert.True(kept.Length == written.Length || written[^(kept.Length + 1)] == '\n');
            }
        }
    }

    [Fact]
    public void A_reader_goes_on_where_it_stopped_and_skips_what_was_overwritten()
    {
        LogRing ring = LogRing.Create(new byte[LogRing.MinimumBlockSize]);
        byte[] destination = new byte[10];
        ring.Append(1, 0, LogLevel.Information, "one"u8);
        ulong position = ring.CopyTo(0, destination, out int copied);
        Assert.Equal(10, copied);
        position = ring.CopyTo(position, new byte[100], out copied);
        Assert.Equal(18, copied);
        Assert.Equal(ring.Newest, position);
        ring.CopyTo(position, destination, out copied);
        Assert.Equal(0, copied);

        for (int line = 0; line < 100; line++)
        {
            ring.Append(2, 0, LogLevel.Information, "more"u8);
        }

        Assert.True(ring.Oldest > position);
        ring.CopyTo(position, destination, out copied);
        Assert.Equal("0000000000", Encoding.ASCII.GetString(destination));
        Assert.Equal(ring.Newest, ring.CopyTo(ulong.MaxValue, destination, out copied));
        Assert.Equal(0, copied);
    }

    [Fact]
    public void Without_a_valid_block_nothing_is_kept_and_nothing_fails()
    {
        byte[] block = new byte[LogRing.MinimumBlockSize];
        Assert.False(LogRing.Create(block.AsSpan(1)).IsUsable);
        Assert.False(LogRing.Open(block).IsUsable);
        Assert.True(LogRing.Create(block).IsUsable);
        Assert.True(LogRing.Open(block).IsUsable);
        block[24]++;
        block[16] += 2;
        Assert.False(LogRing.Open(block).IsUsable);

        LogRing none = default;
        none.Append(1, 1, LogLevel.Error, "lost"u8);
        Assert.Equal("", ReadAll(none));
    }

    [Fact]
    public void A_damaged_block_does_not_stop_the_writer()
    {
        byte[] block = new byte[LogRing.MinimumBlockSize];
        LogRing ring = LogRing.Create(block);
        for (int line = 0; line < 50; line++)
        {
            ring.Append(1, 0, LogLevel.Information, "text"u8);
        }

        Array.Fill(block, (byte)'x', 32, block.Length - 32);
        ring.Append(2, 0, LogLevel.Information, "after"u8);
        Assert.EndsWith("0000000000000002 0000 I after\n", ReadAll(ring), StringComparison.Ordinal);
    }

    private static string ReadAll(LogRing ring)
    {
        byte[] destination = new byte[8192];
        ring.CopyTo(0, destination, out int copied);
        return Encoding.ASCII.GetString(destination, 0, copied);
    }
}
