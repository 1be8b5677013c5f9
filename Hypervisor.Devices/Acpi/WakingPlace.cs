namespace Hypervisor.Devices.Acpi;

/// <summary>Where an operating system wants to be woken.</summary>
internal enum WakingPlace
{
    /// <summary>Nowhere: it has set no vector, and the firmware will start the machine anew.</summary>
    None,

    /// <summary>At a place where the host can let it go on.</summary>
    Usable,

    /// <summary>At a place where it cannot: above what the mode reaches, or in 64-bit mode.</summary>
    Unusable,
}
