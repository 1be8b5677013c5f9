namespace Hypervisor.Core.Vmx;

/// <summary>What a capability MSR allows of 32 controls: the low half must be 1, the high half may be 1.</summary>
/// <remarks>Intel SDM vol 3 appendix A.2.</remarks>
/// <param name="value">The MSR.</param>
public readonly struct ControlLimits(ulong value)
{
    private const int AllowedShift = 32;

    /// <summary>Controls that must be 1.</summary>
    public uint Required => (uint)value;

    /// <summary>Controls that may be 1.</summary>
    public uint Allowed => (uint)(value >> AllowedShift);

    /// <summary>Every control that must be on is.</summary>
    public bool HasRequired(uint controls) => (Required & ~controls) == 0;

    /// <summary>No control is on that must not be.</summary>
    public bool IsAllowed(uint controls) => (controls & ~Allowed) == 0;
}
