using System;
using System.Buffers.Binary;
using System.Text;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tool.ImageBuild;

/// <summary>
/// Adds a section of read-only data behind the last one (PE/COFF specification §4): the rest of the image stays where it is.
/// </summary>
public static class SectionAppender
{
    private const int MaximumName = 8;

    /// <summary>The image with one section more.</summary>
    /// <param name="image">The image.</param>
    /// <param name="name">The new section's name, of eight characters at most.</param>
    /// <param name="content">Its bytes.</param>
    public static byte[] Append(PeImage image, string name, byte[] content)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(name.Length, MaximumName);
        int header = image.NextSectionHeader;
        if (header + PeImage.SectionHeaderSize > image.HeadersSize)
        {
            throw new HvException(
                $"there is no room for the header of section {name}: the headers end at {header:X}h of {image.HeadersSize:X}h, "
                + $"and one needs {PeImage.SectionHeaderSize} bytes. Merge sections, or link with a larger /filealign");
        }

        uint address = 0;
        foreach (PeSection section in image.Sections)
        {
            address = Math.Max(address, AlignUp(section.VirtualEnd, image.SectionAlignment));
        }

        uint rawOffset = AlignUp((uint)image.File.Length, image.FileAlignment);
        uint rawSize = AlignUp((uint)content.Length, image.FileAlignment);
        byte[] file = new byte[rawOffset + rawSize];
        image.File.CopyTo(file, 0);
        content.CopyTo(file, rawOffset);

        Span<byte> entry = file.AsSpan(header, PeImage.SectionHeaderSize);
        entry.Clear();
        Encoding.ASCII.GetBytes(name).CopyTo(entry);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[8..], (uint)content.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[12..], address);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[16..], rawSize);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[20..], rawOffset);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[36..], PeSection.InitializedData | PeSection.Read);
        image.CountAddedSection(file, address + AlignUp((uint)content.Length, image.SectionAlignment), rawSize);
        return file;
    }

    private static uint AlignUp(uint value, uint alignment) => checked(value + alignment - 1) / alignment * alignment;
}
