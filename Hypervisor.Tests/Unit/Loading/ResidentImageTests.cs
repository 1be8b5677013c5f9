using System;
using System.Collections.Generic;
using Hypervisor.Core.Host;
using Hypervisor.Tests.Models;
using Hypervisor.Uefi.Loading;
using Xunit;

namespace Hypervisor.Tests.Unit.Loading;

/// <summary>The copy of the image that stays, from an image made up here after the PE/COFF specification.</summary>
public sealed unsafe class ResidentImageTests : IDisposable
{
    private const ulong Source = 0x6000_0000;
    private const ulong Target = 0x6100_0000;
    private const int ImageSize = 0x6000;
    private const int PeOffset = 0x80;
    private const int RelocationTable = 0x5000;

    private readonly NativeRegion _from = new(Source, ImageSize);
    private readonly NativeRegion _to = new(Target, ImageSize);

    public void Dispose()
    {
        _from.Dispose();
        _to.Dispose();
    }

    [Fact]
    public void Addresses_move_with_the_copy_and_nothing_else_changes()
    {
        byte[] before = Write((0x1000, [Entry(10, 0x10), Entry(10, 0x7F8), Entry(0, 0)]), (0x3000, [Entry(10, 0), Entry(10, 0xFF8)]));
        ulong[] places = [0x1010, 0x17F8, 0x3000, 0x3FF8];
        Assert.True(ResidentImage.Copy((byte*)Source, (byte*)Target, ImageSize));
        byte[] after = new ReadOnlySpan<byte>((void*)Target, ImageSize).ToArray();
        for (int i = 0; i < ImageSize; i += 8)
        {
            ulong expected = BitConverter.ToUInt64(before, i);
            expected += Array.IndexOf(places, (ulong)i) >= 0 ? Target - Source : 0;
            Assert.Equal(expected, BitConverter.ToUInt64(after, i));
        }

        Assert.Equal(before, new ReadOnlySpan<byte>((void*)Source, ImageSize).ToArray());
    }

    [Fact]
    public void A_copy_below_the_original_moves_addresses_down()
    {
        Write((0x1000, [Entry(10, 0)]));
        *(ulong*)(Source + 0x1000) = Source + 0x2345;
        Assert.True(ResidentImage.Copy((byte*)Source, (byte*)Target, ImageSize));
        Assert.Equal(Target + 0x2345, *(ulong*)(Target + 0x1000));
        new Span<byte>((void*)Source, ImageSize).Clear();
        Assert.True(ResidentImage.Copy((byte*)Target, (byte*)Source, ImageSize));
        Assert.Equal(Source + 0x2345, *(ulong*)(Source + 0x1000));
    }

    [Fact]
    public void An_image_without_relocations_is_copied_as_it_is()
    {
        byte[] before = Write();
        Assert.True(ResidentImage.Copy((byte*)Source, (byte*)Target, ImageSize));
        Assert.Equal(before, new ReadOnlySpan<byte>((void*)Target, ImageSize).ToArray());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(15)]
    public void A_relocation_of_another_kind_is_refused(int kind)
    {
        Write((0x1000, [Entry(10, 0x10), Entry(kind, 0x20)]));
        Assert.False(ResidentImage.Copy((byte*)Source, (byte*)Target, ImageSize));
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(7u)]
    [InlineData(0x1000u)]
    [InlineData(0xFFFF_FFFFu)]
    public void A_block_whose_size_cannot_be_is_refused(uint size)
    {
        Write((0x1000, [Entry(10, 0x10), Entry(10, 0x18)]));
        *(uint*)(Source + RelocationTable + 4) = size;
        Assert.False(ResidentImage.Copy((byte*)Source, (byte*)Target, ImageSize));
    }

    [Fact]
    public void Sections_are_listed_with_their_rights()
    {
        Write();
        Assert.True(ResidentImage.Copy((byte*)Source, (byte*)Target, ImageSize));
        ImageSection* sections = stackalloc ImageSection[ResidentImage.MaximumSections];
        Assert.Equal(3u, ResidentImage.Sections((byte*)Target, sections));
        Assert.Equal((Target + 0x1000, Target + 0x3000, true, false), Section(sections[0]));
        Assert.Equal((Target + 0x3000, Target + 0x4000, false, false), Section(sections[1]));
        Assert.Equal((Target + 0x4000, Target + 0x5000, false, true), Section(sections[2]));
    }

    [Fact]
    public void No_more_sections_are_listed_than_there_is_room_for()
    {
        Write();
        *(ushort*)(Source + PeOffset + 6) = 40;
        ImageSection* sections = stackalloc ImageSection[ResidentImage.MaximumSections + 1];
        sections[ResidentImage.MaximumSections].Start = 0x77;
        Assert.Equal((uint)ResidentImage.MaximumSections, ResidentImage.Sections((byte*)Source, sections));
        Assert.Equal(0x77ul, sections[ResidentImage.MaximumSections].Start);
    }

    [Fact]
    public void A_section_is_found_by_its_whole_name()
    {
        Write();
        Assert.Equal(Source + 0x3000, (ulong)ResidentImage.FindSection((byte*)Source, ".hvsyms\0"u8, out uint size));
        Assert.Equal(0x123u, size);
        Assert.True(ResidentImage.FindSection((byte*)Source, ".hvsym\0\0"u8, out size) == null);
        Assert.Equal(0u, size);
    }

    private static (ulong Start, ulong End, bool Executable, bool Writable) Section(ImageSection section) =>
        (section.Start, section.End, section.Executable, section.Writable);

    private static ushort Entry(int kind, int offset) => (ushort)((kind << 12) | offset);

    /// <summary>Writes the image and returns its bytes.</summary>
    private static byte[] Write(params (uint Page, ushort[] Entries)[] blocks)
    {
        byte[] image = new byte[ImageSize];
        new Random(1).NextBytes(image);
        Array.Clear(image, 0, 0x400);
        Span<byte> pe = image.AsSpan(PeOffset);
        BitConverter.TryWriteBytes(image.AsSpan(0x3C), PeOffset);
        "PE\0\0"u8.CopyTo(pe);
        BitConverter.TryWriteBytes(pe[6..], (ushort)3);
        BitConverter.TryWriteBytes(pe[20..], (ushort)240); // optional header of PE32+ with 16 directories
        BitConverter.TryWriteBytes(pe[24..], (ushort)0x20B);

        List<byte> relocations = [];
        foreach ((uint page, ushort[] entries) in blocks)
        {
            relocations.AddRange(BitConverter.GetBytes(page));
            relocations.AddRange(BitConverter.GetBytes(8 + (entries.Length * 2)));
            foreach (ushort entry in entries)
            {
                relocations.AddRange(BitConverter.GetBytes(entry));
            }
        }

        BitConverter.TryWriteBytes(pe[(24 + 112 + 40)..], RelocationTable);
        BitConverter.TryWriteBytes(pe[(24 + 112 + 44)..], relocations.Count);
        relocations.CopyTo(image, RelocationTable);
        WriteSection(pe[(24 + 240)..], ".text\0\0\0"u8, 0x1000, 0x1001, 0x6000_0020);
        WriteSection(pe[(24 + 280)..], ".hvsyms\0"u8, 0x3000, 0x123, 0x4000_0040);
        WriteSection(pe[(24 + 320)..], ".data\0\0\0"u8, 0x4000, 0x1000, 0xC000_0040);
        image.CopyTo(new Span<byte>((void*)Source, ImageSize));
        return image;
    }

    private static void WriteSection(Span<byte> header, ReadOnlySpan<byte> name, uint address, uint size, uint flags)
    {
        name.CopyTo(header);
        BitConverter.TryWriteBytes(header[8..], size);
        BitConverter.TryWriteBytes(header[12..], address);
        BitConverter.TryWriteBytes(header[36..], flags);
    }
}
