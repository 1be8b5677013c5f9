using System.Runtime.InteropServices;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Core.Traps;

/// <summary>A range of physical memory a mediator has claimed.</summary>
[StructLayout(LayoutKind.Sequential, Size = Bytes)]
public struct MemoryClaim
{
    /// <summary>Bytes of it.</summary>
    public const int Bytes = 40;

    /// <summary>First byte.</summary>
    public ulong First;

    /// <summary>Last byte.</summary>
    public ulong Last;

    /// <summary>How it is claimed.</summary>
    public MemoryForm Form;

    /// <summary>The mediator's own mark.</summary>
    public uint Tag;

    /// <summary>Number of the mediator.</summary>
    public byte Mediator;
}
