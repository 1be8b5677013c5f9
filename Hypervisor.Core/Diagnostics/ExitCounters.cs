using System.Runtime.InteropServices;

namespace Hypervisor.Core.Diagnostics;

/// <summary>Exits of one processor by cause. Written by that processor only, so no lock and no LOCK prefix.</summary>
[StructLayout(LayoutKind.Sequential, Size = Capacity * sizeof(uint))]
public unsafe struct ExitCounters
{
    /// <summary>Number of causes: vendor-neutral, see <see cref="ExitCause"/>.</summary>
    public const int Capacity = 64;

    private fixed uint _counts[Capacity];

    /// <summary>Counts one exit.</summary>
    public void Count(ExitCause cause) => _counts[(int)cause]++;

    /// <summary>Exits of that cause so far; wraps after 2^32.</summary>
    public readonly uint Read(ExitCause cause) => _counts[(int)cause];
}
