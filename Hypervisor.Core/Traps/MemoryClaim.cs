using System.Runtime.InteropServices;

namespace Hypervisor.Core.Traps;

/// <summary>A range of physical memory a mediator has claimed.</summary>
[StructLayout(LayoutKind.Sequential, Size = 32)]
public struct MemoryClaim
{
    /// <summary>First byte.</summary>
    public ulong First;

    /// <summary>Last byte.</summary>
    public ulong Last;

    /// <summary>The mediator's own mark.</summary>
    public uint Tag;

    /// <summary>Number of the mediator.</summary>
    public byte Mediator;

    /// <summary>Whether only writes are wanted: reads do not exit where no other claim in the same page wants them.</summary>
    public bool WritesOnly;

    /// <summary>Whether the mediator may leave the first access of an instruction to the guest.</summary>
    public bool AsksGuest;

    /// <summary>Whether an instruction that the host does not know is #UD, instead of being executed by the guest past the mediator.</summary>
    public bool IsStrict;
}
