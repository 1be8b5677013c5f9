using System.Text;
using Hypervisor.Core.Configuration;
using Xunit;

namespace Hypervisor.Tests.Unit.Configuration;

public class NumberValueTests
{
    [Theory]
    [InlineData("0", 0ul)]
    [InlineData("007", 7ul)]
    [InlineData("0x80000000", 0x8000_0000ul)]
    [InlineData("0XfF", 255ul)]
    [InlineData("2147483648", 0x8000_0000ul)]
    [InlineData("4K", 4096ul)]
    [InlineData("0x10K", 16384ul)]
    [InlineData("3M", 3ul << 20)]
    [InlineData("15G", 15ul << 30)]
    [InlineData("18446744073709551615", ulong.MaxValue)]
    [InlineData("0xFFFFFFFFFFFFFFFF", ulong.MaxValue)]
    [InlineData("17179869183G", 17179869183ul << 30)]
    public void Numbers_are_read(string text, ulong expected)
    {
        Assert.Equal(string.Empty, Read(text, 0, ulong.MaxValue, out ulong value));
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("x")]
    [InlineData("0x")]
    [InlineData("K")]
    [InlineData("0xK")]
    [InlineData("12a")]
    [InlineData("0xg")]
    [InlineData("1 000")]
    [InlineData("+1")]
    [InlineData("1.5")]
    [InlineData("1KK")]
    [InlineData("1k")]
    [InlineData("--1")]
    public void What_is_no_number_is_said_to_be_none(string text)
    {
        Assert.Equal("not a number", Read(text, 0, ulong.MaxValue, out ulong value));
        Assert.Equal(0ul, value);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("-0x80000000")]
    [InlineData("-2147483648")]
    [InlineData("0x80000000")]
    [InlineData("2147483648")]
    [InlineData("18446744073709551616")]
    [InlineData("99999999999999999999999999999999999999")]
    [InlineData("0x10000000000000000")]
    [InlineData("17179869184G")]
    [InlineData("0x4000000000000K")]
    [InlineData("9")]
    [InlineData("101")]
    [InlineData("1K")]
    public void What_is_outside_of_the_range_is_said_to_be(string text)
    {
        Assert.Equal("out of range", Read(text, 10, 100, out ulong value));
        Assert.Equal(0ul, value);
    }

    [Theory]
    [InlineData("10")]
    [InlineData("100")]
    [InlineData("0x64")]
    public void The_ends_of_the_range_are_in_it(string text) => Assert.Equal(string.Empty, Read(text, 10, 100, out _));

    private static string Read(string text, ulong minimum, ulong maximum, out ulong value) =>
        Encoding.UTF8.GetString(NumberValue.Read(Encoding.UTF8.GetBytes(text), minimum, maximum, out value));
}
