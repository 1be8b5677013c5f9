using Hypervisor.Core.Cpu;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Guest.TaskSwitch;

/// <summary>An exception that a task switch ends in.</summary>
internal readonly struct TaskFault
{
    private const uint ExternalBit = 1;
    private const uint SelectorMask = 0xFFFC;

    private TaskFault(GuestEvent exception, ulong address)
    {
        Exception = exception;
        Address = address;
    }

    /// <summary>None.</summary>
    internal static TaskFault None => default;

    internal GuestEvent Exception { get; }

    /// <summary>What CR2 receives with #PF.</summary>
    internal ulong Address { get; }

    internal bool Exists => Exception.IsValid;

    /// <summary>An exception whose error code names a selector (Intel SDM vol 3 §6.13).</summary>
    internal static TaskFault At(byte vector, SegmentSelector selector, bool external) =>
        new(GuestEvent.Exception(vector, (selector.Value & SelectorMask) | (external ? ExternalBit : 0)), 0);

    /// <summary>#PF.</summary>
    internal static TaskFault Page(GuestPageFault fault) => new(GuestEvent.Exception(ExceptionVector.PageFault, fault.ErrorCode.Value), fault.Address);
}
