using System.Runtime.InteropServices;

namespace Hypervisor.Devices.Ahci;

/// <summary>What is known about the disk behind a port, or behind a port of a port multiplier there.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
internal struct DiskIdentity
{
    /// <summary>The rules that are about it.</summary>
    internal uint Rules;

    /// <summary>Bytes of a logical sector; 0 where that is not known, or it is no disk.</summary>
    internal int SectorSize;

    /// <summary>Whether it has told who it is.</summary>
    internal bool IsKnown;

    /// <summary>Times it was asked and did not answer.</summary>
    internal byte Attempts;

    /// <summary>Whether the link had changed, and the guest not noted it, when the disk was asked.</summary>
    internal bool WasChanged;

    /// <summary>The fingerprint of the last disk here that the log has told of; 0 for none.</summary>
    internal uint Logged;

    /// <summary>What is left when another disk may be there: what the log has been told.</summary>
    internal readonly DiskIdentity Forgotten() => new() { Logged = Logged };
}
