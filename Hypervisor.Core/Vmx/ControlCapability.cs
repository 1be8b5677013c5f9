namespace Hypervisor.Core.Vmx;

/// <summary>A capability MSR of one word of VMX controls: which bits may be 0 and which may be 1.</summary>
/// <remarks>Intel SDM vol 3 appendix A.3 to A.5.</remarks>
/// <param name="value">The MSR as the processor holds it.</param>
public readonly struct ControlCapability(ulong value)
{
    private const int AllowedShift = 32;

    /// <summary>The MSR as the processor holds it.</summary>
    public ulong Value => value;

    /// <summary>Bits that must be 1: the allowed 0-settings, bits 31:0.</summary>
    public uint Required => (uint)value;

    /// <summary>Bits that may be 1: the allowed 1-settings, bits 63:32.</summary>
    public uint Allowed => (uint)(value >> AllowedShift);

    /// <summary>Whether all of <paramref name="controls"/> may be 1.</summary>
    public bool Allows(uint controls) => (controls & ~Allowed) == 0;

    /// <inheritdoc cref="Allows(uint)"/>
    public bool Allows(PinControls controls) => Allows((uint)controls);

    /// <inheritdoc cref="Allows(uint)"/>
    public bool Allows(PrimaryControls controls) => Allows((uint)controls);

    /// <inheritdoc cref="Allows(uint)"/>
    public bool Allows(SecondaryControls controls) => Allows((uint)controls);

    /// <inheritdoc cref="Allows(uint)"/>
    public bool Allows(ExitControls controls) => Allows((uint)controls);

    /// <inheritdoc cref="Allows(uint)"/>
    public bool Allows(EntryControls controls) => Allows((uint)controls);

    /// <summary>
    /// What to write for <paramref name="wanted"/>: what must be 1 is added, what must be 0 is left out (Intel SDM vol 3 §31.5.1, algorithm 3).
    /// </summary>
    public uint Apply(uint wanted) => (wanted | Required) & Allowed;
}
