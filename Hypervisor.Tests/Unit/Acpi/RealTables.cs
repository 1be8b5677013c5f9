using System;
using System.Collections.Generic;
using System.Formats.Tar;
using System.IO;
using System.IO.Compression;
using System.Linq;
using System.Text;

namespace Hypervisor.Tests.Unit.Acpi;

/// <summary>The tables of real machines that the tests carry along; see Tables/README.md.</summary>
internal static class RealTables
{
    private static readonly Lazy<Dictionary<string, byte[]>> s_files = new(Read);

    /// <summary>Names of the DSDTs.</summary>
    internal static IReadOnlyList<string> Dsdts { get; } = [.. Rows("truth.tsv").Select(row => row[0]).Order(StringComparer.Ordinal)];

    /// <summary>A file.</summary>
    internal static byte[] File(string name) => s_files.Value[name];

    /// <summary>The lines of a list, each in its columns, without the heading.</summary>
    internal static IEnumerable<string[]> Rows(string name) =>
        Encoding.UTF8.GetString(File(name)).Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split('\t'));

    private static Dictionary<string, byte[]> Read()
    {
        using Stream packed = typeof(RealTables).Assembly.GetManifestResourceStream("tables.tar.br")!;
        using BrotliStream plain = new(packed, CompressionMode.Decompress);
        using TarReader archive = new(plain);
        Dictionary<string, byte[]> files = [];
        while (archive.GetNextEntry() is { } entry)
        {
            using MemoryStream content = new();
            entry.DataStream!.CopyTo(content);
            files.Add(entry.Name, content.ToArray());
        }

        return files;
    }
}
