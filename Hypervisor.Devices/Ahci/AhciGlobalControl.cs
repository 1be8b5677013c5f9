namespace Hypervisor.Devices.Ahci;

/// <summary>GHC (AHCI 1.3.1 §3.1.2).</summary>
/// <param name="value">Its bits.</param>
public readonly struct AhciGlobalControl(uint value)
{
    private const uint ResetBit = 1;
    private const uint AhciBit = 1u << 31;

    /// <summary>HR: the controller resets itself, and clears the bit when it has done so.</summary>
    public bool Resets => (value & ResetBit) != 0;

    /// <summary>AE: the registers behind ABAR are in use, and not those of a parallel ATA controller.</summary>
    public bool IsAhci => (value & AhciBit) != 0;
}
