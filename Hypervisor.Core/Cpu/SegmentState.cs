namespace Hypervisor.Core.Cpu;

/// <summary>A segment register with its hidden part.</summary>
/// <remarks>Intel SDM vol 3 §3.4.3; AMD APM vol 2 §4.5.</remarks>
/// <param name="selector">The visible part.</param>
/// <param name="baseAddress">Linear address of the first byte.</param>
/// <param name="limit">Last valid offset in bytes, granularity already applied.</param>
/// <param name="attributes">Type, privilege and size.</param>
public readonly struct SegmentState(SegmentSelector selector, ulong baseAddress, uint limit, SegmentAttributes attributes)
{
    /// <summary>The visible part.</summary>
    public SegmentSelector Selector => selector;

    /// <summary>Linear address of the first byte.</summary>
    public ulong Base => baseAddress;

    /// <summary>Last valid offset in bytes, granularity already applied.</summary>
    public uint Limit => limit;

    /// <summary>Type, privilege and size.</summary>
    public SegmentAttributes Attributes => attributes;
}
