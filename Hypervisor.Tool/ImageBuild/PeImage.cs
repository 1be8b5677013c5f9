using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tool.ImageBuild;

/// <summary>
/// A linked PE32+ image (PE/COFF specification §3 and §4): what the checks read of it, and the few words that appending a section changes.
/// </summary>
public sealed class PeImage
{
    /// <summary>Machine type of x86-64.</summary>
    public const ushort MachineAmd64 = 0x8664;

    /// <summary>Bytes of a section header.</summary>
    public const int SectionHeaderSize = 40;

    private const int SignatureOffset = 0x3C;
    private const int FileHeaderSize = 20;
    private const ushort Pe32Plus = 0x20B;
    private const int DirectoryStart = 112;
    private const int DirectoryEntrySize = 8;

    private readonly int _fileHeader;
    private readonly int _optionalHeader;

    /// <summary>Opens an image.</summary>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="file">Its bytes.</param>
    public PeImage(string name, byte[] file)
    {
        File = file;
        try
        {
            int signature = (int)U32(SignatureOffset);
            _fileHeader = signature + sizeof(uint);
            _optionalHeader = _fileHeader + FileHeaderSize;
            if (!file.AsSpan().StartsWith("MZ"u8) || !file.AsSpan(signature).StartsWith("PE\0\0"u8) || U16(_optionalHeader) != Pe32Plus)
            {
                throw new HvException($"{name} is not a PE32+ image");
            }

            Sections = [.. Enumerable.Range(0, U16(_fileHeader + 2)).Select(ReadSection)];
        }
        catch (ArgumentOutOfRangeException broken)
        {
            throw new HvException($"{name} is not a PE32+ image: it ends within its headers", broken);
        }
    }

    /// <summary>The bytes of the file.</summary>
    public byte[] File { get; }

    /// <summary>The sections.</summary>
    public IReadOnlyList<PeSection> Sections { get; }

    /// <summary>Machine type (§3.3.1).</summary>
    public ushort Machine => U16(_fileHeader);

    /// <summary>File flags (§3.3.2).</summary>
    public ushort Characteristics => U16(_fileHeader + 18);

    /// <summary>Where the firmware enters, from the start of the image.</summary>
    public uint EntryPoint => U32(_optionalHeader + 16);

    /// <summary>The address the linker laid the image out for.</summary>
    public ulong ImageBase => BinaryPrimitives.ReadUInt64LittleEndian(File.AsSpan(_optionalHeader + 24));

    /// <summary>Alignment of sections in memory.</summary>
    public uint SectionAlignment => U32(_optionalHeader + 32);

    /// <summary>Alignment of sections in the file.</summary>
    public uint FileAlignment => U32(_optionalHeader + 36);

    /// <summary>Bytes of all headers in the file, rounded up to <see cref="FileAlignment"/>.</summary>
    public uint HeadersSize => U32(_optionalHeader + 60);

    /// <summary>Bytes of the loaded image.</summary>
    public uint ImageSize => U32(_optionalHeader + 56);

    /// <summary>What the image is made for.</summary>
    public PeSubsystem Subsystem => (PeSubsystem)U16(_optionalHeader + 68);

    /// <summary>Image flags (§3.4.2, "DLL Characteristics").</summary>
    public ushort DllCharacteristics => U16(_optionalHeader + 70);

    /// <summary>Where the header of the section after the last would stand.</summary>
    public int NextSectionHeader => SectionHeader(Sections.Count);

    /// <summary>Address and size of a data directory (§3.4.3); zero where there is none.</summary>
    public (uint Address, uint Size) Directory(PeDirectory directory)
    {
        if ((uint)directory >= U32(_optionalHeader + DirectoryStart - sizeof(uint)))
        {
            return default;
        }

        int entry = _optionalHeader + DirectoryStart + ((int)directory * DirectoryEntrySize);
        return (U32(entry), U32(entry + sizeof(uint)));
    }

    /// <summary>The bytes of a section that the file holds; the rest of it is zero.</summary>
    public ReadOnlySpan<byte> Content(PeSection section) =>
        File.AsSpan((int)section.RawOffset, (int)Math.Min(section.RawSize, section.VirtualSize));

    /// <summary>Writes the words that count sections and sizes; the checksum, which UEFI does not check, becomes 0 ("none").</summary>
    /// <param name="file">A copy of this image with one section more.</param>
    /// <param name="imageSize">Its size in memory.</param>
    /// <param name="addedData">Bytes by which initialized data grew.</param>
    public void CountAddedSection(Span<byte> file, uint imageSize, uint addedData)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(file[(_fileHeader + 2)..], (ushort)(Sections.Count + 1));
        BinaryPrimitives.WriteUInt32LittleEndian(file[(_optionalHeader + 8)..], U32(_optionalHeader + 8) + addedData);
        BinaryPrimitives.WriteUInt32LittleEndian(file[(_optionalHeader + 56)..], imageSize);
        BinaryPrimitives.WriteUInt32LittleEndian(file[(_optionalHeader + 64)..], 0);
    }

    private PeSection ReadSection(int index)
    {
        int header = SectionHeader(index);
        string name = Encoding.ASCII.GetString(File.AsSpan(header, 8)).TrimEnd('\0');
        return new PeSection(name, U32(header + 12), U32(header + 8), U32(header + 20), U32(header + 16), U32(header + 36));
    }

    private int SectionHeader(int index) => _optionalHeader + U16(_fileHeader + 16) + (index * SectionHeaderSize);

    private ushort U16(int offset) => BinaryPrimitives.ReadUInt16LittleEndian(File.AsSpan(offset, sizeof(ushort)));

    private uint U32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(File.AsSpan(offset, sizeof(uint)));
}
