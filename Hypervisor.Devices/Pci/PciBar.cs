using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Pci;

/// <summary>What is known about a base address register of a watched function.</summary>
internal struct PciBar
{
    /// <summary>What it addresses.</summary>
    internal PciBarKind Kind;

    /// <summary>Its offset in configuration space.</summary>
    internal byte Offset;

    /// <summary>Whether the guest is asking for its size: what only watches takes it for no address.</summary>
    internal bool IsSizing;

    /// <summary>For the expansion ROM: its own enable bit.</summary>
    internal bool IsEnabled;

    /// <summary>Whether its mediator wants what it addresses to be claimed.</summary>
    internal bool IsWanted;

    /// <summary>How it claims memory. That it is strict counts for ports too.</summary>
    internal MemoryForm Form;

    /// <summary>Whether it is claimed at present: from <see cref="ClaimedFirst"/> on.</summary>
    internal bool IsClaimed;

    /// <summary>Whether what it will point to is claimed too: from <see cref="NextFirst"/> on.</summary>
    internal bool HasNext;

    /// <summary>Whether the function answers where it points.</summary>
    internal bool Answers;

    /// <summary>Why it is not claimed, though it has to be.</summary>
    internal ClaimProblem Problem;

    /// <summary>Whether that has been said.</summary>
    internal bool HasComplained;

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

    /// <summary>First byte or port of the claim that is made ahead.</summary>
    internal ulong NextFirst;

    /// <summary>Whether it addresses ports.</summary>
    internal readonly bool IsIo => Kind == PciBarKind.Io;

    /// <summary>In which space.</summary>
    internal readonly PciSpaces Space => IsIo ? PciSpaces.Io : PciSpaces.Memory;

    /// <summary>Whether the function may answer there only while it is claimed.</summary>
    internal readonly bool IsStrict => IsWanted && Form.IsStrict && Size != 0;

    /// <summary>Whether the function must not answer there.</summary>
    internal readonly bool IsBarred => IsStrict && Problem != ClaimProblem.None;

    /// <summary>Whether another claim is in the way, or has taken what there was room for.</summary>
    internal readonly bool IsObstructed => Problem is ClaimProblem.Overlap or ClaimProblem.NoRoom or ClaimProblem.NoTables;

    /// <summary>Whether an access touches the register.</summary>
    internal readonly bool IsTouched(in PciGuestAccess access) => Size != 0 && access.Touches(Offset, Kind == PciBarKind.Memory64 ? 2 * sizeof(uint) : sizeof(uint));
}
