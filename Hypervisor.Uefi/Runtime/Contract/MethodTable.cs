#pragma warning disable CS0649
using System.Runtime.InteropServices;

namespace Internal.Runtime;

/// <summary>The head of what the compiler emits for every type; the allocator needs the two sizes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MethodTable
{
    /// <summary>Size of one array or string element, in bytes.</summary>
    internal ushort ComponentSize;

    /// <summary>Kind of type; not read here.</summary>
    internal ushort Flags;

    /// <summary>Size of an object with its header, in bytes.</summary>
    internal uint BaseSize;
}
