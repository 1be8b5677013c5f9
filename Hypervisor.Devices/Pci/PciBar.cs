using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Pci;

/// <summary>What is known about a base address register of a watched function.</summary>
internal struct PciBar
{
    /// <summary>What it addresses.</summary>
    internal PciBarKind Kind;

    /// <summary>Its offset in configuration space.</summary>
    internal byte Offset;

    /// <summary>Whether the guest is asking for its size: it holds no address.</summary>
    internal bool IsSizing;

    /// <summary>For the expansion ROM: its own enable bit.</summary>
    internal bool IsEnabled;

    /// <summary>Whether its mediator wants what it addresses to be claimed.</summary>
    internal bool IsWanted;

    /// <summary>How it claims memory.</summary>
    internal MemoryForm Form;

    /// <summary>Whether it is claimed at present: from <see cref="ClaimedFirst"/> on.</summary>
    internal bool IsClaimed;

    /// <summary>Number of the mediator in whose name it is claimed.</summary>
    internal sbyte Mediator;

    /// <summary>The mediator's mark.</summary>
    internal uint Tag;

    /// <summary>Bytes, a power of two; 0 where it is not implemented.</summary>
    internal ulong Size;

    /// <summary>Its address.</summary>
    internal ulong Address;

    /// <summary>First byte or port of the claim.</summary>
    internal ulong ClaimedFirst;

    /// <summary>Whether it addresses ports.</summary>
    internal readonly bool IsIo => Kind == PciBarKind.Io;
}
