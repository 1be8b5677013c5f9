using System.Runtime.InteropServices;

namespace Hypervisor.Guests.Probe.Execution;

/// <summary>Addresses of the parts of the round trip, in the order in which the stub stores them.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct TripCode
{
    /// <summary>64-bit code that comes back.</summary>
    public byte* Code64;

    /// <summary>32-bit code.</summary>
    public byte* Code32;

    /// <summary>16-bit code.</summary>
    public byte* Code16;

    /// <summary>Where 32-bit code goes on after real mode.</summary>
    public byte* Back32;

    /// <summary>Where real mode begins.</summary>
    public byte* Real;

    /// <summary>Handler of the real-mode software interrupt.</summary>
    public byte* RealInterrupt;

    /// <summary>Handler of the real-mode single step.</summary>
    public byte* RealStep;
}
