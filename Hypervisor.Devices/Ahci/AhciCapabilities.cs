namespace Hypervisor.Devices.Ahci;

/// <summary>CAP (AHCI 1.3.1 §3.1.1).</summary>
/// <param name="value">Its bits.</param>
public readonly struct AhciCapabilities(uint value)
{
    private const uint Wide = 1u << 31;
    private const uint FisSwitching = 1u << 16;
    private const uint OnlyAhci = 1u << 18;

    /// <summary>Its bits.</summary>
    public uint Value => value;

    /// <summary>S64A: addresses have 64 bits; otherwise the upper halves do not exist.</summary>
    public bool Has64Bits => (value & Wide) != 0;

    /// <summary>FBSS: FIS-based switching, with an area of 4 KiB for received FISes.</summary>
    public bool HasFisSwitching => (value & FisSwitching) != 0;

    /// <summary>
    /// The same without FBSS. With it the guest names in PxFBS the disk whose command it issues next, and the host, which issues commands when there is memory for them, would have to
    /// (AHCI 1.3.1 §9.3).
    /// </summary>
    public AhciCapabilities WithoutFisSwitching() => new(value & ~FisSwitching);

    /// <summary>SAM: there is no way to it but this one.</summary>
    public bool IsAhciOnly => (value & OnlyAhci) != 0;
}
