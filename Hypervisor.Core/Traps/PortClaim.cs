using System.Runtime.InteropServices;

namespace Hypervisor.Core.Traps;

/// <summary>A range of ports a mediator has claimed.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
public struct PortClaim
{
    /// <summary>First port.</summary>
    public ushort First;

    /// <summary>Last port.</summary>
    public ushort Last;

    /// <summary>Number of the mediator.</summary>
    public byte Mediator;

    /// <summary>Whether accesses that reach beyond the claim are none of its business; else they are split at its border.</summary>
    public bool WholeOnly;

    /// <summary>Whether the claim is in force.</summary>
    public bool IsUsed;

    /// <summary>The mediator's own mark.</summary>
    public uint Tag;

    /// <summary>Whether an access lies within the claim.</summary>
    public readonly bool Contains(ushort port, int size) => port >= First && port + size - 1 <= Last;
}
