using System;
using System.Globalization;
using System.Text;
using Hypervisor.Core.Diagnostics;
using Xunit;

namespace Hypervisor.Tests.Unit.Diagnostics;

public class TextBufferTests
{
    [Theory]
    [InlineData(0ul, 1, "0")]
    [InlineData(0ul, 4, "0000")]
    [InlineData(0xABCul, 1, "ABC")]
    [InlineData(0xABCul, 2, "ABC")]
    [InlineData(0xABCul, 8, "00000ABC")]
    [InlineData(ulong.MaxValue, 1, "FFFFFFFFFFFFFFFF")]
    [InlineData(0x1000_0000_0000_0000ul, 16, "1000000000000000")]
    public void Hexadecimal_numbers_have_at_least_the_asked_digits(ulong value, int digits, string expected)
    {
        TextBuffer buffer = new(new byte[32]);
        buffer.AppendHex(value, digits);
        Assert.Equal(expected, Encoding.ASCII.GetString(buffer.Written));
    }

    [Fact]
    public void Numbers_read_as_dotnet_writes_them()
    {
        Random random = new(3);
        byte[] storage = new byte[64];
        for (int round = Fuzz.Rounds(100_000); round > 0; round--)
        {
            ulong value = (ulong)random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64);
            int width = random.Next(25);
            TextBuffer buffer = new(storage);
            buffer.AppendDecimal(value, width);
            buffer.AppendByte((byte)'|');
            buffer.AppendSigned((long)value);
            buffer.AppendByte((byte)'|');
            buffer.AppendHex(value, 1 + (width % 16));
            string expected = value.ToString(CultureInfo.InvariantCulture).PadLeft(Math.Min(width, 20))
                + "|" + ((long)value).ToString(CultureInfo.InvariantCulture)
                + "|" + value.ToString("X" + (1 + (width % 16)), CultureInfo.InvariantCulture);
            Assert.Equal(expected, Encoding.ASCII.GetString(buffer.Written));
        }
    }

    [Theory]
    [InlineData(0ul, "0")]
    [InlineData(9ul, "9")]
    [InlineData(10ul, "10")]
    [InlineData(ulong.MaxValue, "18446744073709551615")]
    public void Decimal_limits_are_right(ulong value, string expected)
    {
        TextBuffer buffer = new(new byte[32]);
        buffer.AppendDecimal(value);
        Assert.Equal(expected, Encoding.ASCII.GetString(buffer.Written));
    }

    [Fact]
    public void Signed_limits_are_right()
    {
        TextBuffer buffer = new(new byte[32]);
        buffer.AppendSigned(long.MinValue);
        Assert.Equal("-9223372036854775808", Encoding.ASCII.GetString(buffer.Written));
    }

    [Fact]
    public void What_does_not_fit_is_cut_off_and_known_to_be()
    {
        TextBuffer buffer = new(new byte[4]);
        buffer.Append("1234"u8);
        Assert.False(buffer.IsTruncated);
        buffer.AppendLineFeed();
        buffer.AppendHex(0x55);
        Assert.True(buffer.IsTruncated);
        Assert.Equal("1234", Encoding.ASCII.GetString(buffer.Written));
        buffer.Clear();
        Assert.False(buffer.IsTruncated);
        Assert.Equal(0, buffer.Length);
    }
}
