namespace Hypervisor.Core.Vmx;

/// <summary>An event as the VMCS describes it: to be injected, that caused an exit, or whose delivery an exit interrupted.</summary>
/// <remarks>Intel SDM vol 3 §24.8.3 table 24-16, §24.9.2 table 24-18, §24.9.3 table 24-19.</remarks>
/// <param name="value">The field.</param>
public readonly struct InterruptionInformation(uint value)
{
    private const uint ErrorCodeBit = 1u << 11;
    private const uint NmiUnblockingBit = 1u << 12;
    private const uint ValidBit = 1u << 31;
    private const uint ReservedMask = 0x7FFF_F000;
    private const int TypeShift = 8;
    private const uint TypeMask = 7;

    /// <summary>Puts an event together.</summary>
    /// <param name="type">Kind of event.</param>
    /// <param name="vector">Vector.</param>
    /// <param name="hasErrorCode">Whether an error code is delivered.</param>
    public InterruptionInformation(InterruptionType type, byte vector, bool hasErrorCode)
        : this(ValidBit | ((uint)type << TypeShift) | vector | (hasErrorCode ? ErrorCodeBit : 0))
    {
    }

    /// <summary>The field.</summary>
    public uint Value => value;

    /// <summary>There is an event.</summary>
    public bool IsValid => (value & ValidBit) != 0;

    /// <summary>Kind of event.</summary>
    public InterruptionType Type => (InterruptionType)((value >> TypeShift) & TypeMask);

    /// <summary>Vector.</summary>
    public byte Vector => (byte)value;

    /// <summary>An error code belongs to it.</summary>
    public bool HasErrorCode => (value & ErrorCodeBit) != 0;

    /// <summary>At an exit: IRET had ended the blocking of NMIs before it faulted.</summary>
    public bool NmiUnblocked => (value & NmiUnblockingBit) != 0;

    /// <summary>A bit is set that an entry does not accept.</summary>
    public bool HasReservedBits => (value & ReservedMask) != 0;

    /// <summary>An instruction raised it, whose length an entry needs.</summary>
    public bool IsSoftware => Type is InterruptionType.SoftwareInterrupt or InterruptionType.PrivilegedSoftwareException or InterruptionType.SoftwareException;
}
