namespace Hypervisor.Core.Memory;

/// <summary>A page fault that an access in the guest's place met.</summary>
/// <param name="address">What CR2 receives.</param>
/// <param name="errorCode">The error code.</param>
public readonly struct GuestPageFault(ulong address, PageFaultCode errorCode)
{
    /// <summary>What CR2 receives.</summary>
    public ulong Address => address;

    /// <summary>The error code.</summary>
    public PageFaultCode ErrorCode => errorCode;
}
