using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Hypervisor.Tool.Images;
using Xunit;

namespace Hypervisor.Tests.Unit.Tool;

public sealed class CpioArchiveTests
{
    [Fact]
    public void Entries_are_read_back_with_type_mode_and_content()
    {
        IReadOnlyList<NewcEntry> entries = Write(archive =>
        {
            archive.AddFile("/init", "#!"u8, executable: true);
            archive.AddFile("etc/a", "abcde"u8, executable: false);
            archive.AddSymbolicLink("bin/sh", "busybox");
            archive.AddCharacterDevice("dev/console", 5, 1);
        });

        Assert.Equal(["init", "etc", "etc/a", "bin", "bin/sh", "dev", "dev/console"], entries.Select(entry => entry.Name));
        Assert.Equal(Octal("100755"), entries[0].Mode);
        Assert.Equal("#!"u8.ToArray(), entries[0].Content);
        Assert.Equal(Octal("040755"), entries[1].Mode);
        Assert.Equal(Octal("100644"), entries[2].Mode);
        Assert.Equal("abcde"u8.ToArray(), entries[2].Content);
        Assert.Equal(Octal("120777"), entries[4].Mode);
        Assert.Equal("busybox", Encoding.ASCII.GetString(entries[4].Content));
        Assert.Equal(Octal("020600"), entries[6].Mode);
        Assert.Equal((5u, 1u), (entries[6].Major, entries[6].Minor));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(4097)]
    public void Content_of_any_length_keeps_the_alignment(int length)
    {
        byte[] content = [.. Enumerable.Range(0, length).Select(index => (byte)index)];
        IReadOnlyList<NewcEntry> entries = Write(archive =>
        {
            archive.AddFile(new string('n', length % 7 + 1), content, executable: false);
            archive.AddFile("after", content, executable: false);
        });
        Assert.All(entries, entry => Assert.Equal(content, entry.Content));
        Assert.Equal(2, entries.Count);
    }

    [Fact]
    public void Folders_come_once_and_before_what_is_in_them()
    {
        IReadOnlyList<NewcEntry> entries = Write(archive =>
        {
            archive.AddFile("a/b/c", [], executable: false);
            archive.AddFile("a/b/d", [], executable: false);
            archive.AddDirectory("a");
        });
        Assert.Equal(["a", "a/b", "a/b/c", "a/b/d"], entries.Select(entry => entry.Name));
    }

    [Fact]
    public void Inodes_differ_lest_the_kernel_take_files_for_hard_links()
    {
        IReadOnlyList<NewcEntry> entries = Write(archive =>
        {
            archive.AddFile("a", [], executable: false);
            archive.AddFile("b", [], executable: false);
        });
        Assert.Equal(entries.Count, entries.Select(entry => entry.Inode).Distinct().Count());
    }

    private static IReadOnlyList<NewcEntry> Write(Action<CpioArchive> fill)
    {
        using MemoryStream output = new();
        CpioArchive archive = new(output);
        fill(archive);
        archive.Finish();
        return NewcReader.Read(output.ToArray());
    }

    private static uint Octal(string digits)
    {
        return Convert.ToUInt32(digits, 8);
    }
}
