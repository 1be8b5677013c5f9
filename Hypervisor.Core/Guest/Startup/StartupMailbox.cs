using System.Runtime.InteropServices;

namespace Hypervisor.Core.Guest.Startup;

/// <summary>Where other processors leave INIT and SIPI for this one.</summary>
[StructLayout(LayoutKind.Sequential, Size = 0x20)]
public struct StartupMailbox
{
    /// <summary>The word that senders and the target change atomically; see <see cref="StartupRequest"/>.</summary>
    public uint Request;

    /// <summary>1 while a non-maskable interrupt sent by another processor's host is on its way here.</summary>
    public uint Kick;

    /// <summary>1 from the moment the host runs on this processor.</summary>
    public uint TakenOver;

    /// <summary>1 when the operating system has started this processor.</summary>
    public uint StartedByOs;

    /// <summary>Number of times the guest started this processor.</summary>
    public uint Starts;

    /// <summary>Number of times this processor was started since ExitBootServices.</summary>
    public uint StartsBehindFirmware;

    /// <summary>1 while the processor itself waits for SIPI, behind an INIT that was an exit (VMX).</summary>
    public uint WaitsForSipi;
}
