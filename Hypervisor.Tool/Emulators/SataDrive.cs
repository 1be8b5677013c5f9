namespace Hypervisor.Tool.Emulators;

/// <summary>A drive on the machine's AHCI controller, besides the one it boots from.</summary>
/// <param name="File">Its contents: a raw image.</param>
/// <param name="Serial">Its serial number, as the guest reads it.</param>
/// <param name="IsOptical">Whether it is a CD-ROM drive.</param>
public sealed record SataDrive(string File, string Serial, bool IsOptical = false)
{
    /// <summary>Ports of Q35's controller that are free: the first one of six has the disk the machine boots from.</summary>
    public const int Most = 5;

    /// <summary>The serial number of the drive on a port, if nobody chooses another.</summary>
    public static string UsualSerial(int port) => $"HVDISK{port}";
}
