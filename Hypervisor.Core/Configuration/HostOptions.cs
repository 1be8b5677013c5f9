using Hypervisor.Core.Diagnostics;

namespace Hypervisor.Core.Configuration;

/// <summary>What the configuration decides about the host itself.</summary>
public struct HostOptions
{
    /// <summary>I/O base of the port for the log; 0 for none.</summary>
    public ushort SerialPort;

    /// <summary>Whether the trap on interrupt commands stays for ever instead of being dropped once all processors run.</summary>
    public bool KeepApicTrap;

    /// <summary>Whether the status hypercall is answered.</summary>
    public bool Status;

    /// <summary>What authenticated hypercalls are checked with, made of the secret; without it there are none.</summary>
    public HypercallKey Key;

    /// <summary>The boot password, if there is one.</summary>
    public PasswordHash Password;

    /// <summary>How often the password may be typed.</summary>
    public uint PasswordTries;

    /// <summary>Whether the machine goes on without the hypervisor when the password was not typed; else it is reset.</summary>
    public bool GoOnWithoutPassword;

    /// <summary>A fault to raise in the host after boot, for testing its report.</summary>
    public DeliberateFault.Kind Fault;
}
