namespace Hypervisor.Devices.Ahci;

/// <summary>PxTFD (AHCI 1.3.1 §3.3.8): status and error of the device.</summary>
/// <param name="value">Its bits.</param>
public readonly struct AhciTaskFile(uint value)
{
    private const uint ErrorBit = 1;
    private const uint DataRequestBit = 1u << 3;
    private const uint BusyBit = 1u << 7;

    /// <summary>STS.ERR: the last command failed.</summary>
    public bool HasError => (value & ErrorBit) != 0;

    /// <summary>STS.BSY or STS.DRQ: the device is in the middle of something.</summary>
    public bool IsBusy => (value & (BusyBit | DataRequestBit)) != 0;
}
