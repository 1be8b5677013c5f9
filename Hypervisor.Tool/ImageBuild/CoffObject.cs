using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Text;

namespace Hypervisor.Tool.ImageBuild;

/// <summary>
/// Writes a COFF object for x86-64 with one code section (Microsoft PE/COFF specification §3 to §5): symbols and 32-bit relative
/// relocations, which is all that machine-code stubs need.
/// </summary>
public sealed class CoffObject
{
    private const ushort MachineAmd64 = 0x8664;
    private const ushort RelocationRel32 = 4;
    private const uint CodeSectionFlags = 0x6050_0020; // code, align 16, execute, read
    private const byte StorageClassExternal = 2;
    private const ushort SymbolTypeFunction = 0x20;

    private readonly MemoryStream _code = new();
    private readonly List<(string Name, uint Offset, bool Defined)> _symbols = [];
    private readonly List<(uint Offset, string Symbol)> _relocations = [];

    /// <summary>Where the next function will stand, from the start of the section.</summary>
    public uint NextOffset => ((uint)_code.Length + 15) & ~15u;

    /// <summary>Adds a function at <see cref="NextOffset"/>.</summary>
    /// <param name="name">Its symbol.</param>
    /// <param name="code">Its bytes.</param>
    /// <param name="calls">Offsets of 32-bit displacements within it, and the symbols they shall reach.</param>
    /// <param name="innerSymbols">Further symbols within it.</param>
    public void AddFunction(
        string name,
        byte[] code,
        IEnumerable<(uint Offset, string Symbol)> calls,
        IEnumerable<(string Name, uint Offset)> innerSymbols)
    {
        uint start = NextOffset;
        while (_code.Length < start)
        {
            _code.WriteByte(0xCC); // int3: nothing runs between functions
        }

        _code.Write(code);
        _symbols.Add((name, start, true));
        foreach ((string inner, uint offset) in innerSymbols)
        {
            _symbols.Add((inner, start + offset, true));
        }

        foreach ((uint offset, string symbol) in calls)
        {
            _relocations.Add((start + offset, symbol));
        }
    }

    /// <summary>The object file.</summary>
    public byte[] ToArray()
    {
        foreach ((_, string symbol) in _relocations)
        {
            if (!_symbols.Exists(s => s.Name == symbol))
            {
                _symbols.Add((symbol, 0, false));
            }
        }

        const int headerSize = 20;
        const int sectionSize = 40;
        int codeStart = headerSize + sectionSize;
        int relocationStart = codeStart + (int)_code.Length;
        int symbolStart = relocationStart + (_relocations.Count * 10);
        using MemoryStream file = new();
        Span<byte> header = stackalloc byte[headerSize + sectionSize];
        header.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(header, MachineAmd64);
        BinaryPrimitives.WriteUInt16LittleEndian(header[2..], 1);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], (uint)symbolStart);
        BinaryPrimitives.WriteUInt32LittleEndian(header[12..], (uint)_symbols.Count);
        Span<byte> section = header[headerSize..];
        Encoding.ASCII.GetBytes(".text").CopyTo(section);
        BinaryPrimitives.WriteUInt32LittleEndian(section[16..], (uint)_code.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(section[20..], (uint)codeStart);
        BinaryPrimitives.WriteUInt32LittleEndian(section[24..], (uint)relocationStart);
        BinaryPrimitives.WriteUInt16LittleEndian(section[32..], checked((ushort)_relocations.Count));
        BinaryPrimitives.WriteUInt32LittleEndian(section[36..], CodeSectionFlags);
        file.Write(header);
        _code.WriteTo(file);

        Span<byte> relocation = stackalloc byte[10];
        foreach ((uint offset, string symbol) in _relocations)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(relocation, offset);
            BinaryPrimitives.WriteUInt32LittleEndian(relocation[4..], (uint)_symbols.FindIndex(s => s.Name == symbol));
            BinaryPrimitives.WriteUInt16LittleEndian(relocation[8..], RelocationRel32);
            file.Write(relocation);
        }

        using MemoryStream strings = new();
        Span<byte> symbolRecord = stackalloc byte[18];
        foreach ((string name, uint offset, bool defined) in _symbols)
        {
            symbolRecord.Clear();
            BinaryPrimitives.WriteUInt32LittleEndian(symbolRecord[4..], (uint)strings.Length + 4);
            strings.Write(Encoding.ASCII.GetBytes(name));
            strings.WriteByte(0);
            BinaryPrimitives.WriteUInt32LittleEndian(symbolRecord[8..], offset);
            BinaryPrimitives.WriteInt16LittleEndian(symbolRecord[12..], defined ? (short)1 : (short)0);
            BinaryPrimitives.WriteUInt16LittleEndian(symbolRecord[14..], SymbolTypeFunction);
            symbolRecord[16] = StorageClassExternal;
            file.Write(symbolRecord);
        }

        Span<byte> stringSize = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(stringSize, (uint)strings.Length + 4);
        file.Write(stringSize);
        strings.WriteTo(file);
        return file.ToArray();
    }
}
