namespace Hypervisor.Core.Vmx;

/// <summary>Kinds of events in the interruption-information fields.</summary>
/// <remarks>Intel SDM vol 3 §24.8.3 table 24-16 and §24.9.2 table 24-18.</remarks>
public enum InterruptionType : uint
{
    /// <summary>External interrupt.</summary>
    External = 0,

    /// <summary>Has no meaning.</summary>
    Reserved = 1,

    /// <summary>Non-maskable interrupt.</summary>
    Nmi = 2,

    /// <summary>Exception that no instruction asked for.</summary>
    HardwareException = 3,

    /// <summary>INT n.</summary>
    SoftwareInterrupt = 4,

    /// <summary>INT1.</summary>
    PrivilegedSoftwareException = 5,

    /// <summary>INT3 or INTO.</summary>
    SoftwareException = 6,

    /// <summary>At an entry: a pending monitor-trap-flag exit.</summary>
    Other = 7,
}
