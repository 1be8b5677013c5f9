using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;

namespace Hypervisor.Tool.ImageBuild;

/// <summary>
/// Who refers to whom in the objects that are linked. The compiler resolves branches within its own code section and leaves no relocation
/// for them, so that code is decoded as well (<see cref="CodeReferences"/>).
/// </summary>
/// <remarks>
/// A virtual call reaches the method in the same place of every method table. A function pointer is followed from where its address is
/// taken, not from where it is called.
/// </remarks>
public sealed class ImageGraph
{
    private readonly List<ImageNode> _nodes = [];
    private readonly Dictionary<string, ImageNode> _externals = new(StringComparer.Ordinal);
    private readonly Dictionary<CoffSection, ImageNode[]> _bySection = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<int, List<ImageNode>> _slots = [];

    private ImageGraph()
    {
    }

    /// <summary>All functions and data, and the undefined symbols.</summary>
    public IReadOnlyList<ImageNode> Nodes => _nodes;

    /// <summary>Builds the graph.</summary>
    /// <param name="objects">All objects of the image.</param>
    /// <param name="rules">Knows which code is not for 64 bits.</param>
    public static ImageGraph Build(IReadOnlyList<CoffFile> objects, ImageRules rules)
    {
        ImageGraph graph = new();
        foreach (CoffFile file in objects)
        {
            graph.AddPlaces(file);
        }

        foreach (CoffFile file in objects)
        {
            graph.AddUndefined(file);
        }

        foreach (CoffFile file in objects)
        {
            graph.AddRelocations(file);
        }

        foreach (ImageNode function in graph._nodes.Where(n => n.IsCode))
        {
            CodeReferences.Add(function, graph, rules);
        }

        graph.AddVirtualCalls();
        return graph;
    }

    /// <summary>The node that an external symbol names; null where no object knows the name.</summary>
    public ImageNode? Find(string name) => _externals.GetValueOrDefault(name);

    /// <summary>The node that holds an offset of a section; null where none does.</summary>
    public ImageNode? Find(CoffSection section, long offset)
    {
        if (offset < 0 || offset > section.Size)
        {
            return null;
        }

        // The first node begins at 0; a place just past the end belongs to the last one.
        ImageNode[] nodes = _bySection[section];
        int low = 0;
        for (int high = nodes.Length; high - low > 1;)
        {
            int middle = (low + high) / 2;
            (low, high) = nodes[middle].Start <= offset ? (middle, high) : (low, middle);
        }

        return nodes[low];
    }

    private void AddPlaces(CoffFile file)
    {
        ILookup<int, CoffSymbol> places = file.Symbols.Where(s => s.IsPlace).ToLookup(s => s.Section);
        for (int number = 1; number <= file.Sections.Count; number++)
        {
            CoffSection section = file.Sections[number - 1];
            SortedDictionary<uint, ImageNode> nodes = new() { [0] = new ImageNode(file.Name, section, 0) };
            foreach (CoffSymbol symbol in places[number])
            {
                if (!nodes.TryGetValue(symbol.Value, out ImageNode? node))
                {
                    node = new ImageNode(file.Name, section, symbol.Value);
                    nodes.Add(symbol.Value, node);
                }

                node.AddName(symbol.Name);
                if (symbol.IsExternal)
                {
                    _externals.TryAdd(symbol.Name, node); // of equal COMDATs the linker keeps the first
                }
            }

            uint end = section.Size;
            foreach (ImageNode node in nodes.Values.Reverse())
            {
                node.End = Math.Max(end, node.Start);
                end = node.Start;
            }

            _bySection.Add(section, [.. nodes.Values]);
            _nodes.AddRange(nodes.Values);
        }
    }

    private void AddUndefined(CoffFile file)
    {
        foreach (CoffSymbol symbol in file.Symbols)
        {
            if (symbol.IsUndefined && !_externals.ContainsKey(symbol.Name))
            {
                ImageNode node = new(file.Name, null, 0);
                node.AddName(symbol.Name);
                _externals.Add(symbol.Name, node);
                _nodes.Add(node);
            }
        }
    }

    private void AddRelocations(CoffFile file)
    {
        foreach (CoffSection section in file.Sections.Where(s => !s.IsRemoved))
        {
            foreach (CoffRelocation relocation in section.Relocations)
            {
                if (Find(section, relocation.Offset) is { } source && Target(file, section, relocation) is { } target)
                {
                    AddReference(source, (int)(relocation.Offset - source.Start), target);
                }
            }
        }
    }

    /// <summary>
    /// Who names a type, if only to compare, does not yet call its methods: what a method table refers to is reached through virtual calls.
    /// </summary>
    private void AddReference(ImageNode source, int offset, ImageNode target)
    {
        if (!source.IsMethodTable)
        {
            source.AddTarget(target);
        }
        else if (target.IsCode)
        {
            if (!_slots.TryGetValue(offset, out List<ImageNode>? methods))
            {
                _slots.Add(offset, methods = []);
            }

            methods.Add(target);
        }
    }

    /// <summary>What a relocation leads to: the symbol's own node, or for the symbol of a section whatever stands at the addend.</summary>
    private ImageNode? Target(CoffFile file, CoffSection section, CoffRelocation relocation)
    {
        CoffSymbol symbol = file.Symbols[relocation.SymbolIndex];
        if (symbol.IsExternal)
        {
            return Find(symbol.Name);
        }

        if (symbol.Section <= 0)
        {
            return null;
        }

        long addend = symbol.IsSection ? Addend(section, relocation) : 0;
        return Find(file.Sections[symbol.Section - 1], symbol.Value + addend);
    }

    private static long Addend(CoffSection section, CoffRelocation relocation)
    {
        ReadOnlySpan<byte> place = section.Data.AsSpan((int)relocation.Offset);
        return relocation.AddressSize switch
        {
            sizeof(ulong) => BinaryPrimitives.ReadInt64LittleEndian(place),
            sizeof(uint) => BinaryPrimitives.ReadInt32LittleEndian(place),
            _ => 0,
        };
    }

    private void AddVirtualCalls()
    {
        foreach (ImageNode caller in _nodes)
        {
            foreach (ImageNode method in caller.VirtualSlots.SelectMany(s => _slots.GetValueOrDefault(s) ?? []))
            {
                caller.AddTarget(method);
            }
        }
    }
}
