using System;
using System.Buffers.Binary;
using System.IO;
using System.Linq;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tool.ImageBuild;

/// <summary>
/// Turns a linked image without relocations into a static Linux program: each section becomes a segment at the address it was linked for. The same compiled
/// code so makes an EFI application and a Linux program that needs no library.
/// </summary>
/// <remarks>System V ABI, chapters 4 and 5 (ELF header, program header), and its AMD64 supplement; PE/COFF specification §4.</remarks>
public static class PeToElf
{
    /// <summary>The symbol where a Linux program begins.</summary>
    public const string EntrySymbol = "LinuxStart";

    private const int HeaderSize = 64;
    private const int SegmentHeaderSize = 56;
    private const ulong PageSize = 0x1000;
    private const ushort ExecutableType = 2;
    private const ushort MachineX64 = 62;
    private const uint Version = 1;
    private const uint LoadSegment = 1;
    private const uint StackSegment = 0x6474_E551; // PT_GNU_STACK: without it the kernel makes all memory executable
    private const uint Execute = 1;
    private const uint Write = 2;
    private const uint Read = 4;

    // Magic, 64-bit, lowest byte first, version 1, System V.
    private static ReadOnlySpan<byte> Identification => [0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>Makes the program.</summary>
    public static byte[] Convert(PeImage image)
    {
        if (image.Directory(PeDirectory.BaseRelocation).Size != 0)
        {
            throw new HvException("the image has relocations; a Linux program is linked for a fixed address");
        }

        PeSection[] sections = [.. image.Sections.Where(s => s.VirtualSize != 0)];
        int segments = sections.Length + 1;
        using MemoryStream file = new();
        WriteHeader(file, image.ImageBase + image.EntryPoint, (ushort)segments);
        ulong offset = RoundUp((ulong)(HeaderSize + (segments * SegmentHeaderSize)));
        foreach (PeSection section in sections)
        {
            uint rights = Read | (section.IsExecutable ? Execute : 0) | (section.IsWritable ? Write : 0);
            ulong size = (ulong)image.Content(section).Length;
            WriteSegment(file, LoadSegment, rights, offset, image.ImageBase + section.VirtualAddress, size, section.VirtualSize);
            offset += RoundUp(size);
        }

        WriteSegment(file, StackSegment, Read | Write, 0, 0, 0, 0);
        foreach (PeSection section in sections)
        {
            file.SetLength((long)RoundUp((ulong)file.Length));
            file.Position = file.Length;
            file.Write(image.Content(section));
        }

        return file.ToArray();
    }

    private static ulong RoundUp(ulong value) => (value + PageSize - 1) / PageSize * PageSize;

    private static void WriteHeader(MemoryStream file, ulong entry, ushort segments)
    {
        file.Write(Identification);
        WriteNumber(file, ExecutableType, sizeof(ushort));
        WriteNumber(file, MachineX64, sizeof(ushort));
        WriteNumber(file, Version, sizeof(uint));
        WriteNumber(file, entry, sizeof(ulong));
        WriteNumber(file, HeaderSize, sizeof(ulong)); // the segment headers follow at once
        WriteNumber(file, 0, sizeof(ulong)); // no sections
        WriteNumber(file, 0, sizeof(uint)); // no flags
        WriteNumber(file, HeaderSize, sizeof(ushort));
        WriteNumber(file, SegmentHeaderSize, sizeof(ushort));
        WriteNumber(file, segments, sizeof(ushort));
        WriteNumber(file, 0, sizeof(ushort));
        WriteNumber(file, 0, sizeof(ushort));
        WriteNumber(file, 0, sizeof(ushort));
    }

    private static void WriteSegment(MemoryStream file, uint type, uint rights, ulong offset, ulong address, ulong fileSize, ulong memorySize)
    {
        WriteNumber(file, type, sizeof(uint));
        WriteNumber(file, rights, sizeof(uint));
        WriteNumber(file, offset, sizeof(ulong));
        WriteNumber(file, address, sizeof(ulong));
        WriteNumber(file, address, sizeof(ulong));
        WriteNumber(file, fileSize, sizeof(ulong));
        WriteNumber(file, memorySize, sizeof(ulong));
        WriteNumber(file, PageSize, sizeof(ulong));
    }

    private static void WriteNumber(MemoryStream file, ulong value, int size)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        file.Write(bytes[..size]);
    }
}
