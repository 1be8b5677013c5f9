namespace Hypervisor.Core.Memory;

/// <summary>Where a guest-linear address leads: to a guest-physical address, or to a page fault.</summary>
public readonly struct PageWalkResult
{
    private PageWalkResult(bool success, ulong physicalAddress, ulong pageSize, PageFaultCode errorCode)
    {
        Success = success;
        PhysicalAddress = physicalAddress;
        PageSize = pageSize;
        ErrorCode = errorCode;
    }

    /// <summary>The access is allowed and <see cref="PhysicalAddress"/> is where it goes.</summary>
    public bool Success { get; }

    /// <summary>Guest-physical address of the byte; 0 on a fault.</summary>
    public ulong PhysicalAddress { get; }

    /// <summary>Size in bytes of the page that holds the byte: up to its end the translation is the same. 4 GiB without paging, 0 on a
    /// fault.</summary>
    public ulong PageSize { get; }

    /// <summary>What #PF would push; meaningful on a fault only. CR2 would be the linear address.</summary>
    public PageFaultCode ErrorCode { get; }

    /// <summary>A translation.</summary>
    /// <param name="physicalAddress">Guest-physical address of the byte.</param>
    /// <param name="pageSize">Size of its page in bytes.</param>
    /// <returns>The result.</returns>
    public static PageWalkResult Mapped(ulong physicalAddress, ulong pageSize) => new(true, physicalAddress, pageSize, default);

    /// <summary>A page fault.</summary>
    /// <param name="errorCode">What #PF would push.</param>
    /// <returns>The result.</returns>
    public static PageWalkResult Fault(PageFaultCode errorCode) => new(false, 0, 0, errorCode);
}
