using System.Runtime.InteropServices;

namespace Hypervisor.Core.Host;

/// <summary>A section of the copied image, for its rights.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct ImageSection
{
    /// <summary>First byte.</summary>
    public ulong Start;

    /// <summary>First byte behind it, rounded up to a page.</summary>
    public ulong End;

    /// <summary>Whether it holds code.</summary>
    public bool Executable;

    /// <summary>Whether it may be written.</summary>
    public bool Writable;
}
