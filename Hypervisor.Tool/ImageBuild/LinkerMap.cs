using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.RegularExpressions;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tool.ImageBuild;

/// <summary>
/// Reads the map that lld-link writes in the form of Microsoft's linker: <c> 0001:00000020  name  0000000140001020  object</c>.
/// </summary>
public static partial class LinkerMap
{
    /// <summary>
    /// The functions of the image in the order of their addresses, one for each: of several names the shortest, which is the exported one.
    /// </summary>
    /// <param name="text">The map.</param>
    /// <param name="image">The image it describes.</param>
    public static IReadOnlyList<MapSymbol> Functions(string text, PeImage image)
    {
        SortedDictionary<uint, string> functions = [];
        foreach (Match line in SymbolLine().Matches(text))
        {
            string name = line.Groups["name"].Value;
            ReadOnlySpan<char> digits = line.Groups["address"].ValueSpan;
            ulong offset = ulong.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture) - image.ImageBase;
            if (offset >= image.ImageSize)
            {
                throw new HvException($"the map has {name} at {digits}, outside the image: it is of another image");
            }

            uint address = (uint)offset;
            bool isCode = image.Sections.Any(s => s.IsExecutable && s.Contains(address));
            if (isCode && (!functions.TryGetValue(address, out string? other) || name.Length < other.Length))
            {
                functions[address] = name;
            }
        }

        return functions.Count != 0
            ? [.. functions.Select(f => new MapSymbol(f.Value, f.Key))]
            : throw new HvException("the map names no function of the image");
    }

    /// <summary>Section 0 holds absolute values, not addresses: its lines do not match.</summary>
    [GeneratedRegex(@"^ (?!0000:)[0-9a-f]{4}:[0-9a-f]{8} +(?<name>\S+) +(?<address>[0-9a-f]{16}) ", RegexOptions.Multiline)]
    private static partial Regex SymbolLine();
}
