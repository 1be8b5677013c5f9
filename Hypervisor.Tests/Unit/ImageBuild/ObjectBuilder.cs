using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Hypervisor.Tool.ImageBuild;

namespace Hypervisor.Tests.Unit.ImageBuild;

/// <summary>Writes small COFF objects of any shape, in the usual form and in the big one.</summary>
internal sealed class ObjectBuilder
{
    public const uint CodeFlags = 0x6050_0020;
    public const uint ReadOnlyFlags = 0x4040_0040;
    public const uint WritableFlags = 0xC040_0040;
    public const ushort Address64 = 1;
    public const ushort Rel32 = 4;

    private readonly List<(string Name, uint Flags, byte[] Data, List<(uint Offset, string Symbol, ushort Type)> Relocations)> _sections =
        [];

    private readonly List<(string Name, uint Value, int Section, byte Class, bool Auxiliary)> _symbols = [];

    public int Section(string name, uint flags, params byte[] data)
    {
        _sections.Add((name, flags, data, []));
        return _sections.Count;
    }

    public ObjectBuilder Symbol(string name, int section, uint value)
    {
        _symbols.Add((name, value, section, 2, false));
        return this;
    }

    public ObjectBuilder SectionSymbol(string name, int section)
    {
        _symbols.Add((name, 0, section, 3, true));
        return this;
    }

    public ObjectBuilder Relocation(int section, uint offset, string symbol, ushort type = Rel32)
    {
        if (!_symbols.Exists(s => s.Name == symbol))
        {
            Symbol(symbol, 0, 0);
        }

        _sections[section - 1].Relocations.Add((offset, symbol, type));
        return this;
    }

    public CoffFile Read(bool big = false) => CoffReader.Read("test.obj", Write(big));

    public byte[] Write(bool big = false)
    {
        int headerSize = big ? 56 : 20;
        int position = headerSize + (_sections.Count * 40);
        byte[] head = new byte[position];
        using MemoryStream body = new();
        using MemoryStream strings = new();
        Dictionary<string, uint> symbolIndex = [];
        uint records = 0;
        foreach ((string name, _, _, _, bool auxiliary) in _symbols)
        {
            symbolIndex.TryAdd(name, records);
            records += auxiliary ? 2u : 1;
        }

        for (int i = 0; i < _sections.Count; i++)
        {
            (string name, uint flags, byte[] data, List<(uint Offset, string Symbol, ushort Type)> relocations) = _sections[i];
            Span<byte> header = head.AsSpan(headerSize + (i * 40), 40);
            Encoding.ASCII.GetBytes(name.Length <= 8 ? name : $"/{AddString(strings, name)}").CopyTo(header);
            BinaryPrimitives.WriteUInt32LittleEndian(header[16..], (uint)data.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(header[20..], (uint)(position + body.Length));
            body.Write(data);
            BinaryPrimitives.WriteUInt32LittleEndian(header[24..], (uint)(position + body.Length));
            BinaryPrimitives.WriteUInt16LittleEndian(header[32..], (ushort)relocations.Count);
            BinaryPrimitives.WriteUInt32LittleEndian(header[36..], flags);
            foreach ((uint offset, string symbol, ushort type) in relocations)
            {
                byte[] record = new byte[10];
                BinaryPrimitives.WriteUInt32LittleEndian(record, offset);
                BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(4), symbolIndex[symbol]);
                BinaryPrimitives.WriteUInt16LittleEndian(record.AsSpan(8), type);
                body.Write(record);
            }
        }

        WriteHeader(head, big, (uint)(position + body.Length), records);
        foreach ((string name, uint value, int section, byte storageClass, bool auxiliary) in _symbols)
        {
            byte[] record = new byte[big ? 20 : 18];
            BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(4), AddString(strings, name));
            BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(8), value);
            BinaryPrimitives.WriteInt16LittleEndian(record.AsSpan(12), (short)section);
            record[^2] = storageClass;
            record[^1] = auxiliary ? (byte)1 : (byte)0;
            body.Write(record);
            body.Write(auxiliary ? new byte[record.Length] : []);
        }

        byte[] stringSize = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(stringSize, (uint)strings.Length + 4);
        return [.. head, .. body.ToArray(), .. stringSize, .. strings.ToArray()];
    }

    private void WriteHeader(Span<byte> head, bool big, uint symbolStart, uint symbolCount)
    {
        if (big)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(head[2..], 0xFFFF);
            BinaryPrimitives.WriteUInt16LittleEndian(head[4..], 2);
            BinaryPrimitives.WriteUInt16LittleEndian(head[6..], PeImage.MachineAmd64);
            BinaryPrimitives.WriteUInt32LittleEndian(head[44..], (uint)_sections.Count);
            BinaryPrimitives.WriteUInt32LittleEndian(head[48..], symbolStart);
            BinaryPrimitives.WriteUInt32LittleEndian(head[52..], symbolCount);
        }
        else
        {
            BinaryPrimitives.WriteUInt16LittleEndian(head, PeImage.MachineAmd64);
            BinaryPrimitives.WriteUInt16LittleEndian(head[2..], (ushort)_sections.Count);
            BinaryPrimitives.WriteUInt32LittleEndian(head[8..], symbolStart);
            BinaryPrimitives.WriteUInt32LittleEndian(head[12..], symbolCount);
        }
    }

    private static uint AddString(MemoryStream strings, string text)
    {
        uint offset = (uint)strings.Length + 4;
        strings.Write(Encoding.ASCII.GetBytes(text));
        strings.WriteByte(0);
        return offset;
    }
}
