using System.Runtime.InteropServices;

namespace Hypervisor.Core.Guest;

/// <summary>
/// What the processor itself would remember about non-maskable interrupts: one in service blocks further ones until IRET, and one more is
/// latched (AMD APM vol 2 §8.2.3, Intel SDM vol 3 §6.7.1).
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = 0x20)]
public struct NmiState
{
    /// <summary>An NMI waits for delivery.</summary>
    public bool Pending;

    /// <summary>An NMI is in service: its handler has not executed IRET.</summary>
    public bool InService;

    /// <summary>The handler has reached its IRET, at <see cref="IretRip"/>, which may not have completed.</summary>
    public bool AtIret;

    /// <summary>The IRET is being executed in a single step because an NMI is pending behind it.</summary>
    public bool SteppingIret;

    /// <summary>Where the IRET stands.</summary>
    public ulong IretRip;

    /// <summary>Value of the host's NMI counter that has been dealt with. The exit stub of VMX compares it before it enters the guest.</summary>
    public uint Seen;

    /// <summary>NMIs that wait for an NMI window of the processor (VMX).</summary>
    public uint Waiting;
}
