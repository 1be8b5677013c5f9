using System;
using System.Buffers.Binary;
using System.IO;

namespace Hypervisor.Tool.GuestTools;

/// <summary>Writes a static 64-bit Linux program: headers and code in one segment that may run, zeroed memory in another that may be written.</summary>
/// <remarks>System V ABI, chapters 4 and 5 (ELF header, program header), and its AMD64 supplement.</remarks>
public static class ElfExecutable
{
    /// <summary>The address of the first instruction.</summary>
    public const ulong CodeAddress = FileAddress + HeadersSize;

    /// <summary>The address of the memory that may be written.</summary>
    public const ulong MemoryAddress = 0x60_0000;

    private const ulong FileAddress = 0x40_0000;
    private const int HeaderSize = 64;
    private const int SegmentHeaderSize = 56;
    private const int SegmentCount = 3;
    private const int HeadersSize = HeaderSize + (SegmentCount * SegmentHeaderSize);
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

    /// <summary>The file.</summary>
    /// <param name="code">Instructions and constants, placed at <see cref="CodeAddress"/>; the first byte is where the program begins.</param>
    /// <param name="memory">Bytes of memory at <see cref="MemoryAddress"/>.</param>
    public static byte[] Build(ReadOnlySpan<byte> code, int memory)
    {
        ulong fileSize = (ulong)(HeadersSize + code.Length);
        if (FileAddress + fileSize > MemoryAddress)
        {
            throw new ArgumentException("The code does not fit below the memory.", nameof(code));
        }

        using MemoryStream file = new();
        file.Write(Identification);
        Write16(file, ExecutableType);
        Write16(file, MachineX64);
        Write32(file, Version);
        Write64(file, CodeAddress);
        Write64(file, HeaderSize); // the segment headers follow at once
        Write64(file, 0); // no sections
        Write32(file, 0); // no flags
        Write16(file, HeaderSize);
        Write16(file, SegmentHeaderSize);
        Write16(file, SegmentCount);
        Write16(file, 0);
        Write16(file, 0);
        Write16(file, 0);
        WriteSegment(file, LoadSegment, Read | Execute, FileAddress, fileSize, fileSize);
        WriteSegment(file, LoadSegment, Read | Write, MemoryAddress, 0, (ulong)memory);
        WriteSegment(file, StackSegment, Read | Write, 0, 0, 0);
        file.Write(code);
        return file.ToArray();
    }

    private static void WriteSegment(Stream file, uint type, uint flags, ulong address, ulong fileSize, ulong memorySize)
    {
        Write32(file, type);
        Write32(file, flags);
        Write64(file, 0);
        Write64(file, address);
        Write64(file, address);
        Write64(file, fileSize);
        Write64(file, memorySize);
        Write64(file, PageSize);
    }

    private static void Write16(Stream file, ushort value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
        file.Write(bytes);
    }

    private static void Write32(Stream file, uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        file.Write(bytes);
    }

    private static void Write64(Stream file, ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        file.Write(bytes);
    }
}
