using Hypervisor.Core.Guest.Exits;

namespace Hypervisor.Core.Vmx;

/// <summary>Exit qualification of an EPT violation (Intel SDM vol 3 table 27-7).</summary>
/// <param name="value">The eight bytes.</param>
public readonly struct EptViolationQualification(ulong value)
{
    private const ulong WriteBit = 1UL << 1;
    private const ulong FetchBit = 1UL << 2;
    private const ulong LinearBit = 1UL << 7;
    private const ulong FinalBit = 1UL << 8;
    private const ulong NmiUnblockedBit = 1UL << 12;

    /// <summary>IRET had unblocked NMIs before it faulted.</summary>
    public bool NmiUnblocked => (value & NmiUnblockedBit) != 0;

    /// <summary>The access.</summary>
    /// <param name="address">The guest-physical address.</param>
    public NestedAccess At(ulong address) =>
        new(address, (value & WriteBit) != 0, (value & FetchBit) != 0, (value & (LinearBit | FinalBit)) != (LinearBit | FinalBit), value);
}
