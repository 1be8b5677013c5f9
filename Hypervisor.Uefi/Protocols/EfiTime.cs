using System.Runtime.InteropServices;

namespace Hypervisor.Uefi.Protocols;

/// <summary>EFI_TIME (UEFI 2.10 §8.3): 16 bytes, of which only their being different each time matters here.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct EfiTime
{
    /// <summary>Year, month, day, hour, minute, second and a byte of padding.</summary>
    public ulong Date;

    /// <summary>Nanosecond, time zone, daylight saving and a byte of padding.</summary>
    public ulong Fraction;
}
