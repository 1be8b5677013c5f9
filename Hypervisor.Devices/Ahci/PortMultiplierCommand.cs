namespace Hypervisor.Devices.Ahci;

/// <summary>Commands for a port multiplier itself, by which a guest resets the links behind it and takes note of their changes (SATA 3.x §16.4).</summary>
public static class PortMultiplierCommand
{
    /// <summary>The port where they go (SATA 3.x §16.3.1).</summary>
    public const int ControlPort = 15;

    private const uint All = (1u << ControlPort) - 1;
    private const int PortShift = 24; // DEVICE bits 3:0, which are bits 27:24 of an address of 28 bits

    /// <summary>
    /// The disks that may be other ones afterwards, a bit for each port of the multiplier. A disk is out of reach from the moment at which it is plugged in until the guest resets its link or
    /// clears its SError, which are writes of registers of its port (§16.4.2); a reset of the multiplier, or a write of a register of its own, may change any.
    /// </summary>
    /// <param name="fis">The command.</param>
    public static uint Exchanges(CommandFis fis)
    {
        if (fis.PortMultiplier != ControlPort)
        {
            return 0;
        }

        if (!fis.IsCommand)
        {
            return All;
        }

        int port = (int)(fis.Lba28 >> PortShift);
        return fis.Command != AtaCommands.WriteBuffer ? 0 : port == ControlPort ? All : 1u << port;
    }
}
