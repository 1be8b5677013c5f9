using Hypervisor.Core.Guest.Exits;

namespace Hypervisor.Core.Svm;

/// <summary>EXITINFO1 of a port exit (AMD APM vol 2 figure 15-2).</summary>
public readonly struct SvmPortInfo(ulong value)
{
    private const ulong InBit = 1 << 0;
    private const ulong StringBit = 1 << 2;
    private const int SizeShift = 4;
    private const int SizeMask = 7;
    private const int PortShift = 16;

    /// <summary>The access.</summary>
    public PortAccess Access => new(
        (ushort)(value >> PortShift), (int)(value >> SizeShift) & SizeMask, isIn: (value & InBit) != 0, isString: (value & StringBit) != 0);
}
