using System;
using System.Linq;
using System.Text;
using Hypervisor.Control.Boot;
using Xunit;

namespace Hypervisor.Tests.Unit.Control;

public class LoadOptionTests
{
    private static readonly byte[] _signature = [.. Enumerable.Range(1, 16).Select(i => (byte)i)];

    /// <summary>A partition and a file, byte by byte after UEFI 2.10 §10.3.5.1 and §10.3.5.4.</summary>
    private static readonly byte[] _path =
    [
        4, 1, 42, 0, 2, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0x34, 0x12, 0, 0, 0, 0, 0, 0, .. _signature, 2, 2,
        4, 4, 12, 0, .. Encoding.Unicode.GetBytes("\\ab\0"),
        0x7F, 0xFF, 4, 0,
    ];

    [Fact]
    public void A_path_is_made_of_partition_file_and_end()
    {
        byte[] path = new byte[DevicePath.Capacity];
        int length = DevicePath.AppendHardDrive(path, 0, 2, 0x800, 0x1234, _signature);
        length = DevicePath.AppendFile(path, length, "/ab"u8);
        length = DevicePath.AppendEnd(path, length);
        Assert.Equal(_path, path[..length]);
        Assert.Equal(length - DevicePath.HeaderSize, DevicePath.FindEnd(path.AsSpan(0, length)));
    }

    [Fact]
    public void A_partition_of_an_MBR_has_the_disks_four_bytes()
    {
        byte[] path = new byte[DevicePath.Capacity];
        DevicePath.AppendHardDrive(path, 0, 1, 0x800, 0x1234, [0xAA, 0xBB, 0xCC, 0xDD]);
        Assert.Equal([0xAA, 0xBB, 0xCC, 0xDD, .. new byte[12], 1, 1], path[24..42]);
    }

    [Fact]
    public unsafe void A_path_of_the_firmware_begins_with_the_partition_unless_all_is_wanted()
    {
        byte[] whole = [2, 1, 12, 0, 0xD0, 0x41, 3, 0x0A, 0, 0, 0, 0, 1, 1, 6, 0, 2, 0x1F, .. _path];
        byte[] copy = new byte[DevicePath.Capacity];
        fixed (byte* from = whole)
        {
            Assert.Equal(_path, copy[..DevicePath.Copy(from, copy, isWhole: false)]);
            Assert.Equal(whole, copy[..DevicePath.Copy(from, copy, isWhole: true)]);
            Assert.Equal(0, DevicePath.Copy(from, copy.AsSpan(0, _path.Length), isWhole: true));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("serial = com2; secret = open sesame")]
    public void An_option_is_what_the_specification_says(string text)
    {
        byte[] bytes = new byte[LoadOption.Capacity];
        int length = LoadOption.Write("hv"u8, _path, Encoding.ASCII.GetBytes(text), bytes);
        byte[] data = text.Length == 0 ? [] : Encoding.Unicode.GetBytes(text + '\0');
        Assert.Equal([1, 0, 0, 0, (byte)_path.Length, 0, (byte)'h', 0, (byte)'v', 0, 0, 0, .. _path, .. data], bytes[..length]);

        Assert.True(LoadOption.TryRead(bytes.AsSpan(0, length), out LoadOption option));
        Assert.True(option.IsActive);
        Assert.True(option.IsDescribedAs("hv"u8));
        Assert.False(option.IsDescribedAs("h"u8));
        Assert.False(option.IsDescribedAs("hw"u8));
        Assert.Equal(_path, option.Path);
        Assert.Equal(data, option.Data);
    }

    [Fact]
    public void What_does_not_fit_is_not_written()
    {
        byte[] bytes = new byte[12 + _path.Length];
        Assert.Equal(bytes.Length, LoadOption.Write("hv"u8, _path, default, bytes));
        Assert.Equal(0, LoadOption.Write("hv"u8, _path, "x"u8, bytes));
        byte[] path = new byte[20];
        Assert.NotEqual(0, DevicePath.AppendFile(path, 0, "12345"u8));
        Assert.Equal(0, DevicePath.AppendFile(path, 0, "123456"u8));
    }

    [Fact]
    public void Random_bytes_never_fault()
    {
        Random random = new(8);
        byte[] good = new byte[LoadOption.Capacity];
        int length = LoadOption.Write("hv"u8, _path, "x = y"u8, good);
        for (int round = 0; round < Fuzz.Rounds(20_000); round++)
        {
            byte[] bytes = good[..random.Next(length + 1)];
            for (int i = random.Next(5); i > 0 && bytes.Length > 0; i--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            if (LoadOption.TryRead(bytes, out LoadOption option))
            {
                int end = DevicePath.FindEnd(option.Path);
                Assert.True(end < option.Path.Length);
                Assert.True(option.Path.Length + option.Data.Length + option.Description.Length <= bytes.Length);
            }
        }
    }

    [Theory]
    [InlineData(0, "Driver0000")]
    [InlineData(0xAB, "Driver00AB")]
    [InlineData(0xFFFF, "DriverFFFF")]
    public void Variables_have_four_digits_with_large_letters(int number, string expected)
    {
        byte[] storage = new byte[LoadOption.NameCapacity];
        Assert.Equal(expected, Encoding.ASCII.GetString(LoadOption.Name("Driver"u8, (ushort)number, storage)));
    }
}
