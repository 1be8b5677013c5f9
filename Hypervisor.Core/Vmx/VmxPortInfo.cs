using System.Runtime.CompilerServices;
using Hypervisor.Core.Guest.Exits;

namespace Hypervisor.Core.Vmx;

/// <summary>Exit qualification of IN and OUT (Intel SDM vol 3 §27.2.1, table 27-5).</summary>
/// <param name="value">The exit qualification.</param>
public readonly struct VmxPortInfo(ulong value)
{
    private const ulong SizeMask = 7;
    private const ulong InBit = 1 << 3;
    private const ulong StringBit = 1 << 4;
    private const int PortShift = 16;

    /// <summary>The access.</summary>
    public PortAccess Access
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(
            (ushort)(value >> PortShift), (int)(value & SizeMask) + 1, isIn: (value & InBit) != 0, isString: (value & StringBit) != 0);
    }
}
