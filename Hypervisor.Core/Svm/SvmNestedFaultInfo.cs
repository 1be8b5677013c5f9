using Hypervisor.Core.Guest.Exits;

namespace Hypervisor.Core.Svm;

/// <summary>EXITINFO1 of a nested page fault (AMD APM vol 2 §15.25.6): a page-fault error code, and whether a walk of the guest's tables faulted.</summary>
/// <param name="value">The eight bytes.</param>
public readonly struct SvmNestedFaultInfo(ulong value)
{
    private const ulong WriteBit = 1UL << 1;
    private const ulong FetchBit = 1UL << 4;
    private const ulong WalkBit = 1UL << 33;

    /// <summary>The access.</summary>
    /// <param name="address">EXITINFO2.</param>
    public NestedAccess At(ulong address) =>
        new(address, (value & WriteBit) != 0, (value & FetchBit) != 0, (value & WalkBit) != 0, value);
}
