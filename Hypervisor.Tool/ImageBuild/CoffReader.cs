using System;
using System.Buffers.Binary;
using System.Globalization;
using System.IO;
using System.Text;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tool.ImageBuild;

/// <summary>
/// Reads COFF objects for x86-64 (PE/COFF specification §3 to §5), the usual form and the one for more than 65,279 sections (/bigobj).
/// </summary>
public sealed class CoffReader
{
    private const ushort MachineAmd64 = 0x8664;
    private const int HeaderSize = 20;
    private const int BigHeaderSize = 56;
    private const int SectionSize = 40;
    private const int RelocationSize = 10;
    private const int SymbolSize = 18;
    private const int BigSymbolSize = 20;
    private const int ShortNameSize = 8;
    private const uint UninitializedData = 0x80;
    private const uint RelocationOverflow = 0x0100_0000;

    private readonly byte[] _file;
    private readonly bool _big;
    private readonly int _sectionCount;
    private readonly int _symbolStart;
    private readonly int _symbolCount;

    private CoffReader(byte[] file)
    {
        _file = file;

        // A machine of 0 with "section count" FFFFh is an import record or, from version 2 on, the big form (winnt.h,
        // ANON_OBJECT_HEADER_BIGOBJ).
        _big = U16(0) == 0 && U16(2) == 0xFFFF && U16(4) >= 2;
        if (U16(_big ? 6 : 0) != MachineAmd64)
        {
            throw new InvalidDataException("it is not for x86-64");
        }

        _sectionCount = _big ? (int)U32(44) : U16(2);
        _symbolStart = (int)U32(_big ? 48 : 8);
        _symbolCount = (int)U32(_big ? 52 : 12);
    }

    /// <summary>Reads an object.</summary>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="file">Its bytes.</param>
    public static CoffFile Read(string name, byte[] file)
    {
        try
        {
            CoffReader reader = new(file);
            return new CoffFile(name, reader.ReadSections(), reader.ReadSymbols());
        }
        catch (Exception broken)
            when (broken is InvalidDataException or ArgumentOutOfRangeException or FormatException or OverflowException)
        {
            throw new HvException($"{name} is not a COFF object that can be read: {broken.Message}", broken);
        }
    }

    private CoffSection[] ReadSections()
    {
        CoffSection[] sections = new CoffSection[_sectionCount];
        int header = _big ? BigHeaderSize : HeaderSize + U16(16);
        for (int i = 0; i < sections.Length; i++, header += SectionSize)
        {
            uint size = U32(header + 16);
            uint flags = U32(header + 36);
            byte[] data = (flags & UninitializedData) != 0 ? [] : _file.AsSpan((int)U32(header + 20), (int)size).ToArray();
            sections[i] = new CoffSection(SectionName(header), data, size, flags, ReadRelocations(header, flags));
        }

        return sections;
    }

    private CoffRelocation[] ReadRelocations(int header, uint flags)
    {
        int start = (int)U32(header + 24);
        uint count = U16(header + 32);
        if ((flags & RelocationOverflow) != 0 && count == 0xFFFF)
        {
            // §4.1: the count does not fit; the first record holds it, and counts itself.
            count = U32(start) - 1;
            start += RelocationSize;
        }

        CoffRelocation[] relocations = new CoffRelocation[count];
        for (int i = 0; i < relocations.Length; i++, start += RelocationSize)
        {
            relocations[i] = new CoffRelocation(U32(start), (int)U32(start + 4), U16(start + 8));
            if ((uint)relocations[i].SymbolIndex >= _symbolCount)
            {
                throw new InvalidDataException($"a relocation names symbol {relocations[i].SymbolIndex} of {_symbolCount}");
            }
        }

        return relocations;
    }

    private CoffSymbol[] ReadSymbols()
    {
        CoffSymbol[] symbols = new CoffSymbol[_symbolCount];
        int stride = _big ? BigSymbolSize : SymbolSize;
        for (int i = 0; i < symbols.Length; i++)
        {
            int record = _symbolStart + (i * stride);
            int section = _big ? (int)U32(record + 12) : (short)U16(record + 12);
            if (section > _sectionCount)
            {
                throw new InvalidDataException($"a symbol lies in section {section} of {_sectionCount}");
            }

            byte auxiliary = _file.AsSpan(record, stride)[stride - 1];
            symbols[i] = new CoffSymbol(SymbolName(record), U32(record + 8), section, _file[record + stride - 2], auxiliary != 0);
            for (; auxiliary != 0; auxiliary--)
            {
                symbols[++i] = CoffSymbol.Auxiliary;
            }
        }

        return symbols;
    }

    /// <summary>§4: a name of more than eight characters is a slash and the decimal offset in the string table.</summary>
    private string SectionName(int header)
    {
        string name = Text(header, ShortNameSize);
        return name.StartsWith('/') ? LongName(uint.Parse(name.AsSpan(1), CultureInfo.InvariantCulture)) : name;
    }

    /// <summary>§5.4.1: a name of more than eight characters is a zero word and the offset in the string table.</summary>
    private string SymbolName(int record) => U32(record) == 0 ? LongName(U32(record + 4)) : Text(record, ShortNameSize);

    private string LongName(uint offset)
    {
        int start = _symbolStart + (_symbolCount * (_big ? BigSymbolSize : SymbolSize)) + (int)offset;
        return Text(start, _file.Length - start);
    }

    private string Text(int start, int limit)
    {
        ReadOnlySpan<byte> bytes = _file.AsSpan(start, limit);
        int end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }

    private ushort U16(int offset) => BinaryPrimitives.ReadUInt16LittleEndian(_file.AsSpan(offset, sizeof(ushort)));

    private uint U32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_file.AsSpan(offset, sizeof(uint)));
}
