namespace Hypervisor.Guests.Probe.Layout;

/// <summary>The modes in which the round trip executes CPUID, in their order.</summary>
public enum TripStage
{
    /// <summary>Compatibility mode of long mode.</summary>
    Compatibility,

    /// <summary>32-bit protected mode, paging off.</summary>
    Unpaged,

    /// <summary>32-bit protected mode, 32-bit paging.</summary>
    LegacyPaging,

    /// <summary>32-bit protected mode, PAE paging.</summary>
    PaePaging,

    /// <summary>16-bit protected mode.</summary>
    Protected16,

    /// <summary>Real mode.</summary>
    Real,

    /// <summary>Real mode, CPUID ending at the segment's last byte but one with a single step pending.</summary>
    RealStepped,
}
