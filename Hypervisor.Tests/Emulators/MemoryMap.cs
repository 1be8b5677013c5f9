using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.RegularExpressions;

namespace Hypervisor.Tests.Emulators;

/// <summary>A map of physical memory: ranges of one kind each, as the kernel prints them.</summary>
internal sealed partial class MemoryMap
{
    private const string Free = "usable";
    private const string Hole = "nothing";
    private const string RuntimeCode = "runtime code";

    // What the firmware hands out before it exits is all the same to an operating system afterwards, and where it lies depends on every allocation before.
    private static readonly string[] _freeAfterBoot = ["Conventional", "Loader Code", "Loader Data", "Boot Code", "Boot Data"];

    private readonly IReadOnlyList<(ulong First, ulong Last, string Kind)> _ranges;

    private MemoryMap(IEnumerable<(ulong First, ulong Last, string Kind)> ranges)
    {
        _ranges = [.. ranges];
    }

    /// <summary>The number of ranges.</summary>
    internal int Count => _ranges.Count;

    /// <summary>Reads lines such as "BIOS-e820: [mem 0x0000-0x9fff] usable".</summary>
    internal static MemoryMap FromE820(IEnumerable<string> lines) => new(lines.Select(line => E820Line().Match(line))
        .Where(match => match.Success).Select(match => (Address(match, 1), Address(match, 2), match.Groups[3].Value)));

    /// <summary>Reads lines such as "efi: mem08: [Boot Data   |RUN| ...] range=[0x0000-0x9fff] (0MB)"; the kernel prints them when booted with efi=debug.</summary>
    /// <remarks>It prints a second list later, of what it keeps mapped for the runtime services; its numbers begin at 0 again.</remarks>
    internal static MemoryMap FromEfi(IEnumerable<string> lines) => new(lines.Select(line => EfiLine().Match(line)).Where(match => match.Success)
        .TakeWhile((match, index) => int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) == index)
        .Select(match => (Address(match, 3), Address(match, 4), KindAfterBoot(match.Groups[2].Value.Trim()))));

    /// <summary>The ranges where this map differs from another, with what they are there and here.</summary>
    internal IReadOnlyList<(ulong First, ulong Last, string Before, string Now)> DifferencesFrom(MemoryMap before)
    {
        // Between two neighbouring edges of either map, both are of one kind.
        ulong[] edges = [.. _ranges.Concat(before._ranges).SelectMany(range => new[] { range.First, range.Last + 1 }).Distinct().Order()];
        List<(ulong First, ulong Last, string Before, string Now)> differences = [];
        for (int i = 0; i + 1 < edges.Length; i++)
        {
            string was = before.KindAt(edges[i]);
            string now = KindAt(edges[i]);
            if (was == now)
            {
                continue;
            }

            ulong last = edges[i + 1] - 1;
            if (differences.Count > 0 && differences[^1] is (ulong first, ulong end, string b, string n) && end + 1 == edges[i] && b == was && n == now)
            {
                differences[^1] = (first, last, was, now);
            }
            else
            {
                differences.Add((edges[i], last, was, now));
            }
        }

        return differences;
    }

    /// <summary>
    /// The ranges where this map differs from another, without those that a second map of the same machine calls runtime code: a runtime driver that does not fit among the
    /// firmware's own is such a range, and behind hv there is one more driver.
    /// </summary>
    internal IReadOnlyList<(ulong First, ulong Last, string Before, string Now)> DifferencesFrom(MemoryMap before, MemoryMap efi) =>
        [.. DifferencesFrom(before).Where(range => efi.KindAt(range.First) != RuntimeCode || efi.KindAt(range.Last) != RuntimeCode)];

    private static string KindAfterBoot(string kind) => _freeAfterBoot.Contains(kind) ? Free : kind.ToLowerInvariant();

    private static ulong Address(Match match, int group) => Convert.ToUInt64(match.Groups[group].Value, 16);

    private string KindAt(ulong address) =>
        _ranges.Where(range => range.First <= address && address <= range.Last).Select(range => range.Kind).FirstOrDefault(Hole);

    [GeneratedRegex(@"BIOS-e820: \[mem 0x([0-9a-f]+)-0x([0-9a-f]+)\] (.*)$")]
    private static partial Regex E820Line();

    [GeneratedRegex(@"efi: mem(\d+): \[([^|\]]+)\|.*range=\[0x([0-9a-f]+)-0x([0-9a-f]+)\]")]
    private static partial Regex EfiLine();
}
