using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Text;

namespace Hypervisor.Tool.ImageBuild;

/// <summary>Writes the table that <see cref="Hypervisor.Core.Diagnostics.SymbolTable"/> reads.</summary>
public static class SymbolTableWriter
{
    private const int HeaderSize = sizeof(uint);
    private const int EntrySize = 2 * sizeof(uint);

    /// <summary>The table.</summary>
    /// <param name="functions">The functions, in the order of their addresses.</param>
    public static byte[] Write(IReadOnlyList<MapSymbol> functions)
    {
        byte[] head = new byte[HeaderSize + (functions.Count * EntrySize)];
        using MemoryStream names = new();
        BinaryPrimitives.WriteUInt32LittleEndian(head, (uint)functions.Count);
        for (int i = 0; i < functions.Count; i++)
        {
            Span<byte> entry = head.AsSpan(HeaderSize + (i * EntrySize));
            BinaryPrimitives.WriteUInt32LittleEndian(entry, functions[i].Address);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[sizeof(uint)..], (uint)(head.Length + names.Length));
            names.Write(Encoding.UTF8.GetBytes(functions[i].Name));
            names.WriteByte(0);
        }

        return [.. head, .. names.ToArray()];
    }
}
