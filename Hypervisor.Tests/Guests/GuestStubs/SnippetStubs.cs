using System;
using System.Collections.Generic;
using System.IO;
using Hypervisor.Guests.Probe.Layout;
using Hypervisor.Tool.Stubs;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hypervisor.Guests.Stubs;

/// <summary>The table of snippets: for each <see cref="SnippetName"/> its offset from the table and its length, then the code.</summary>
internal static class SnippetStubs
{
    private const int EntrySize = 8;

    internal static void Write(StubWriter writer)
    {
        // byte* Snippets(): the table.
        writer.Add("probe_Snippets", a =>
        {
            Label table = a.CreateLabel();
            a.lea(rax, __[table]);
            a.ret();
            a.Label(ref table);
            WriteTable(a);
        });
    }

    private static void WriteTable(Assembler a)
    {
        List<byte[]> snippets = [];
        foreach (SnippetName name in Enum.GetValues<SnippetName>())
        {
            snippets.Add(Encode(name));
        }

        int offset = snippets.Count * EntrySize;
        foreach (byte[] snippet in snippets)
        {
            a.dd(offset, snippet.Length);
            offset += snippet.Length;
        }

        foreach (byte[] snippet in snippets)
        {
            a.db(snippet);
        }
    }

    private static byte[] Encode(SnippetName name)
    {
        Assembler assembler = new(64);
        Snippets.Write(name, assembler);
        assembler.@int(ProbeVectors.Done);
        using MemoryStream stream = new();
        assembler.Assemble(new StreamCodeWriter(stream), 0);
        return stream.ToArray();
    }
}
