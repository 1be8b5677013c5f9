using System;

namespace Hypervisor.Devices.Acpi.Aml;

/// <summary>The names of all tables, in a hash table of fixed size (ACPI 6.5 §5.3).</summary>
/// <remarks>
/// A name is found by its scope and its letters. Every step along a chain is counted, so that no table can make looking up slow.
/// </remarks>
internal ref struct AmlNamespace
{
    /// <summary>The root.</summary>
    internal const int Root = 0;

    /// <summary>No node: a scope that could not be found or not be kept.</summary>
    internal const int Nowhere = -1;

    private const uint NameFactor = 0x9E37_79B1;
    private const uint ParentFactor = 0x85EB_CA77;
    private const int Fold = 15;
    private const int WordBits = 32;
    private const int LongestAlias = 8;

    private readonly Span<AmlNode> _nodes;
    private int _count;
    private long _steps;
    private long _limit;

    /// <summary>An empty namespace: the root and what is predefined (ACPI 6.5 §5.3.1, §5.7).</summary>
    /// <param name="nodes">Memory for the names.</param>
    internal AmlNamespace(Span<AmlNode> nodes)
    {
        _nodes = nodes;
        _nodes.Clear();
        _count = Math.Min(nodes.Length, 1);
        if (_count == 1)
        {
            _nodes[Root].Kind = AmlNodeKind.Scope;
        }

        _limit = long.MaxValue;
        ReadOnlySpan<byte> predefined = "_GPE_PR__SB__SI__TZ__GL__OS__REV"u8;
        for (int i = 0; i < predefined.Length; i += AmlName.Size)
        {
            Add(Root, AcpiTables.Read32(predefined, i), AmlNodeKind.Mentioned);
        }

        int asked = Add(Root, AmlName.OperatingSystemInterface, AmlNodeKind.Method);
        if (asked != Nowhere)
        {
            _nodes[asked].Arguments = 1;
        }
    }

    /// <summary>Whether a name was left out for lack of memory.</summary>
    internal bool IsFull { get; private set; }

    /// <summary>Names kept, the root included.</summary>
    internal readonly int Count => _count;

    /// <summary>Steps since the work was limited last.</summary>
    internal readonly long Steps => _steps;

    /// <summary>Whether there is work left.</summary>
    internal readonly bool HasWork => _steps < _limit;

    /// <summary>A node.</summary>
    internal readonly ref AmlNode this[int index] => ref _nodes[index];

    /// <summary>Allows this many steps from here on.</summary>
    internal void Limit(long steps)
    {
        _steps = 0;
        _limit = steps;
    }

    /// <summary>Takes a step; false where none is left.</summary>
    internal bool Spend()
    {
        if (_steps >= _limit)
        {
            return false;
        }

        _steps++;
        return true;
    }

    /// <summary>The first node of this name in this scope.</summary>
    internal int Find(int parent, uint name) => parent == Nowhere || _count == 0 ? Nowhere : Along(_nodes[Bucket(parent, name)].Head, parent, name);

    /// <summary>The next node of the same name in the same scope, where all definitions of a name are kept.</summary>
    internal int FindNext(int node) => Along(_nodes[node].Next, _nodes[node].Parent, _nodes[node].Name);

    /// <summary>Adds a name.</summary>
    internal int Add(int parent, uint name, AmlNodeKind kind)
    {
        if (parent == Nowhere || _count == 0)
        {
            return Nowhere;
        }

        if (_count == _nodes.Length)
        {
            IsFull = true;
            return Nowhere;
        }

        int index = _count++;
        ref int head = ref _nodes[Bucket(parent, name)].Head;
        ref AmlNode node = ref _nodes[index];
        node.Parent = parent;
        node.Name = name;
        node.Kind = kind;
        node.Next = head;
        head = index + 1;
        return index;
    }

    /// <summary>The scope that holds a path's last name; for a path without names, the scope it leads to.</summary>
    /// <param name="code">The table the path stands in.</param>
    /// <param name="path">The path.</param>
    /// <param name="scope">The scope it stands in.</param>
    /// <param name="mayAdd">Whether scopes on the way that nobody defined so far are added.</param>
    internal int Holder(scoped ReadOnlySpan<byte> code, AmlPath path, int scope, bool mayAdd)
    {
        int holder = path.IsAbsolute ? Root : scope;
        for (int i = 0; i < path.Parents && holder != Nowhere && Spend(); i++)
        {
            holder = holder == Root ? Nowhere : _nodes[holder].Parent;
        }

        for (int i = 0; i < path.Count - 1 && holder != Nowhere && Spend(); i++)
        {
            holder = Enter(holder, path.Name(code, i), mayAdd);
        }

        return HasWork ? holder : Nowhere;
    }

    /// <summary>The node a path means: of a name alone, the nearest in the scopes around (ACPI 6.5 §5.3).</summary>
    internal int Lookup(scoped ReadOnlySpan<byte> code, AmlPath path, int scope)
    {
        int holder = Holder(code, path, scope, mayAdd: false);
        if (path.Count == 0 || holder == Nowhere)
        {
            return holder;
        }

        uint name = path.Name(code, path.Count - 1);
        int found = Find(holder, name);
        while (found == Nowhere && path.IsSearched && holder != Root && Spend())
        {
            holder = _nodes[holder].Parent;
            found = Find(holder, name);
        }

        return Behind(found);
    }

    /// <summary>What an alias stands for; any other node itself.</summary>
    internal int Behind(int node)
    {
        for (int i = 0; i < LongestAlias && node != Nowhere && _nodes[node].Kind == AmlNodeKind.Alias; i++)
        {
            node = (int)_nodes[node].Data;
        }

        return node;
    }

    /// <summary>The scope of this name, added where it may be.</summary>
    internal int Enter(int holder, uint name, bool mayAdd)
    {
        int found = Behind(Find(holder, name));
        return found == Nowhere && mayAdd ? Add(holder, name, AmlNodeKind.Mentioned) : found;
    }

    private int Along(int link, int parent, uint name)
    {
        while (link != 0 && Spend())
        {
            ref AmlNode node = ref _nodes[link - 1];
            if (node.Name == name && node.Parent == parent)
            {
                return link - 1;
            }

            link = node.Next;
        }

        return Nowhere;
    }

    /// <summary>
    /// Where the chain of a name begins: the upper half of a product spreads the numbers evenly over any number of heads.
    /// </summary>
    private readonly int Bucket(int parent, uint name)
    {
        uint hash = (name * NameFactor) ^ ((uint)parent * ParentFactor);
        hash = (hash ^ (hash >> Fold)) * NameFactor;
        return (int)(((ulong)hash * (uint)_nodes.Length) >> WordBits);
    }
}
