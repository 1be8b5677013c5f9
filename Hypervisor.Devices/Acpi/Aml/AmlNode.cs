namespace Hypervisor.Devices.Acpi.Aml;

/// <summary>One name of the namespace, and one head of its hash table. 32 bytes; all zero is an unused one.</summary>
public struct AmlNode
{
    /// <summary>First node whose hash is this node's index, plus one.</summary>
    internal int Head;

    /// <summary>Next node of the same hash, plus one.</summary>
    internal int Next;

    /// <summary>Index of the scope that holds the name.</summary>
    internal int Parent;

    /// <summary>The name.</summary>
    internal uint Name;

    /// <summary>Where the definition's name stands. A method's body begins behind name and flags.</summary>
    internal int Offset;

    /// <summary>Of a method, bytes of the body.</summary>
    internal int Length;

    /// <summary>What is known of the value.</summary>
    internal uint Data;

    /// <summary>What it stands for.</summary>
    internal AmlNodeKind Kind;

    /// <summary>What <see cref="Data"/> is.</summary>
    internal AmlValueKind ValueKind;

    /// <summary>How many arguments a call takes, 0 to 7.</summary>
    internal byte Arguments;

    /// <summary>Which table defines it.</summary>
    internal byte Table;
}
