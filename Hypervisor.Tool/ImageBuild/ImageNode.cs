using System;
using System.Collections.Generic;
using System.Linq;
using Iced.Intel;

namespace Hypervisor.Tool.ImageBuild;

/// <summary>
/// A function or a piece of data: what stands between one symbol of a section and the next. An undefined symbol is a node without a
/// section.
/// </summary>
public sealed class ImageNode
{
    private readonly List<string> _names = [];
    private readonly HashSet<ImageNode> _targets = [];

    /// <summary>Creates a node.</summary>
    /// <param name="file">Name of its object.</param>
    /// <param name="section">Its section; null for an undefined symbol.</param>
    /// <param name="start">Its offset in the section.</param>
    public ImageNode(string file, CoffSection? section, uint start)
    {
        File = file;
        Section = section;
        Start = start;
    }

    /// <summary>Name of its object.</summary>
    public string File { get; }

    /// <summary>Its section; null for an undefined symbol.</summary>
    public CoffSection? Section { get; }

    /// <summary>Its offset in the section.</summary>
    public uint Start { get; }

    /// <summary>Where the next one begins.</summary>
    public uint End { get; set; }

    /// <summary>All its names: an exported function has one from C# and the one it is exported as.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>What it refers to.</summary>
    public IReadOnlyCollection<ImageNode> Targets => _targets;

    /// <summary>Offsets in method tables through which it calls virtual methods.</summary>
    public HashSet<int> VirtualSlots { get; } = [];

    /// <summary>Whether no object defines it.</summary>
    public bool IsUndefined => Section == null;

    /// <summary>Whether it is a function.</summary>
    public bool IsCode => Section is { IsCode: true };

    /// <summary>
    /// Whether it is the compiler's description of a type, which ends in its table of virtual methods. Compiled code names it as a C++
    /// compiler would.
    /// </summary>
    public bool IsMethodTable =>
        _names.Exists(n => n.StartsWith("??_7", StringComparison.Ordinal) && n.EndsWith("@@6B@", StringComparison.Ordinal));

    /// <summary>The name to show: of two the shorter is the exported one.</summary>
    public string Name => _names.Count == 0 ? $"{Section?.Name}+{Start:X}h of {File}" : _names.MinBy(n => n.Length)!;

    /// <summary>The instructions of a function; their addresses are offsets in the section.</summary>
    /// <param name="rules">Knows which code is not for 64 bits.</param>
    public IEnumerable<Instruction> Decode(ImageRules rules)
    {
        ByteArrayCodeReader bytes = new(Section!.Data, (int)Start, (int)(End - Start));
        Decoder decoder = Decoder.Create(rules.BitnessOf(_names), bytes, Start);
        while (bytes.CanReadByte)
        {
            yield return decoder.Decode();
        }
    }

    /// <summary>Adds a name.</summary>
    public void AddName(string name) => _names.Add(name);

    /// <summary>Adds something it refers to.</summary>
    public void AddTarget(ImageNode target)
    {
        if (target != this)
        {
            _targets.Add(target);
        }
    }
}
