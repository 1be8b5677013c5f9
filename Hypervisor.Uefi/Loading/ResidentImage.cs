using System;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;

namespace Hypervisor.Uefi.Loading;

/// <summary>
/// The copy of the image that stays (R-01, L4). The firmware moves the loaded driver at SetVirtualAddressMap; the copy is relocated once, for its own
/// physical address, and nothing but the host ever touches it. Offsets are those of the PE/COFF specification §3 and §5.6.
/// </summary>
public static unsafe class ResidentImage
{
    /// <summary>Most sections an image may have.</summary>
    public const int MaximumSections = 16;

    private const int PeOffsetField = 0x3C;
    private const int SectionCountField = 6;
    private const int OptionalSizeField = 20;
    private const int OptionalHeader = 24;
    private const int RelocationDirectory = OptionalHeader + 112 + (5 * 8);
    private const int SectionSize = 40;
    private const int SectionVirtualSize = 8;
    private const int SectionAddress = 12;
    private const int SectionFlags = 36;
    private const uint ExecuteFlag = 0x2000_0000;
    private const uint WriteFlag = 0x8000_0000;
    private const int RelocationAbsolute = 0;
    private const int Relocation64 = 10;

    /// <summary>Copies the image and moves the copy's addresses.</summary>
    /// <returns>False when a relocation is of a kind that does not belong in such an image.</returns>
    public static bool Copy(byte* from, byte* to, ulong size)
    {
        for (ulong i = 0; i < size; i += sizeof(ulong))
        {
            *(ulong*)(to + i) = *(ulong*)(from + i);
        }

        byte* header = to + *(uint*)(to + PeOffsetField);
        uint directory = *(uint*)(header + RelocationDirectory);
        uint remaining = *(uint*)(header + RelocationDirectory + sizeof(uint));
        ulong delta = (ulong)to - (ulong)from;
        byte* block = to + directory;
        while (remaining >= 8)
        {
            uint page = *(uint*)block;
            uint blockSize = *(uint*)(block + sizeof(uint));
            if (blockSize < 8 || blockSize > remaining)
            {
                return false;
            }

            for (ushort* entry = (ushort*)(block + 8); entry < block + blockSize; entry++)
            {
                int kind = *entry >> 12;
                if (kind == Relocation64)
                {
                    *(ulong*)(to + page + (*entry & 0xFFF)) += delta;
                }
                else if (kind != RelocationAbsolute)
                {
                    return false;
                }
            }

            block += blockSize;
            remaining -= blockSize;
        }

        return true;
    }

    /// <summary>Lists the sections of a copied image.</summary>
    /// <param name="image">The copy.</param>
    /// <param name="sections">Room for <see cref="MaximumSections"/>.</param>
    /// <returns>Their number.</returns>
    public static uint Sections(byte* image, ImageSection* sections)
    {
        byte* header = image + *(uint*)(image + PeOffsetField);
        uint count = Math.Min(*(ushort*)(header + SectionCountField), (uint)MaximumSections);
        for (uint i = 0; i < count; i++)
        {
            byte* section = FirstSection(header) + (i * SectionSize);
            uint flags = *(uint*)(section + SectionFlags);
            ulong start = (ulong)image + *(uint*)(section + SectionAddress);
            sections[i].Start = start;
            sections[i].End = PageSizes.RoundUp(start + *(uint*)(section + SectionVirtualSize), PageSizes.Size4K);
            sections[i].Executable = (flags & ExecuteFlag) != 0;
            sections[i].Writable = (flags & WriteFlag) != 0;
        }

        return count;
    }

    /// <summary>Finds a section by name.</summary>
    /// <param name="image">The copy.</param>
    /// <param name="name">Its eight bytes, zeros included.</param>
    /// <param name="size">Its size in memory.</param>
    /// <returns>Its first byte; null where there is none of that name.</returns>
    public static byte* FindSection(byte* image, ReadOnlySpan<byte> name, out uint size)
    {
        byte* header = image + *(uint*)(image + PeOffsetField);
        for (int i = 0; i < *(ushort*)(header + SectionCountField); i++)
        {
            byte* section = FirstSection(header) + (i * SectionSize);
            bool same = true;
            for (int j = 0; j < name.Length; j++)
            {
                same &= section[j] == name[j];
            }

            if (same)
            {
                size = *(uint*)(section + SectionVirtualSize);
                return image + *(uint*)(section + SectionAddress);
            }
        }

        size = 0;
        return null;
    }

    private static byte* FirstSection(byte* header) => header + OptionalHeader + *(ushort*)(header + OptionalSizeField);
}
