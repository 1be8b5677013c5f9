namespace Hypervisor.Core.Guest.Exits;

/// <summary>An access that the nested tables do not let pass, as both vendors' exit information tells it.</summary>
/// <param name="address">Guest-physical address.</param>
/// <param name="isWrite">Whether it is a write.</param>
/// <param name="isFetch">Whether it is an instruction fetch.</param>
/// <param name="isWalk">Whether it is made by a walk of the guest's page tables, on the way to something else.</param>
/// <param name="information">What the processor says, for the log.</param>
public readonly struct NestedAccess(ulong address, bool isWrite, bool isFetch, bool isWalk, ulong information)
{
    /// <summary>Guest-physical address.</summary>
    public ulong Address => address;

    /// <summary>Whether it is a write.</summary>
    public bool IsWrite => isWrite;

    /// <summary>Whether it is an instruction fetch.</summary>
    public bool IsFetch => isFetch;

    /// <summary>Whether it is made by a walk of the guest's page tables, on the way to something else.</summary>
    public bool IsWalk => isWalk;

    /// <summary>What the processor says, for the log.</summary>
    public ulong Information => information;
}
