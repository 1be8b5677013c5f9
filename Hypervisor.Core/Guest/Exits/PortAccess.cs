using System.Runtime.CompilerServices;

namespace Hypervisor.Core.Guest.Exits;

/// <summary>
/// An access to a port, as both vendors' exit information tells it. One word, so that it travels in a register, laid out as AMD's (APM vol 2 figure 15-2), which then costs
/// nothing to take over.
/// </summary>
public readonly struct PortAccess
{
    private const uint InBit = 1 << 0;
    private const uint StringBit = 1 << 2;
    private const int SizeShift = 4;
    private const uint SizeMask = 7;
    private const int PortShift = 16;

    private readonly uint _value;

    /// <summary>An access.</summary>
    /// <param name="port">First port.</param>
    /// <param name="size">Bytes: 1, 2 or 4.</param>
    /// <param name="isIn">IN or INS.</param>
    /// <param name="isString">INS or OUTS.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PortAccess(ushort port, int size, bool isIn, bool isString)
        : this(((uint)port << PortShift) | (((uint)size & SizeMask) << SizeShift) | (isIn ? InBit : 0) | (isString ? StringBit : 0))
    {
    }

    private PortAccess(uint value)
    {
        _value = value;
    }

    /// <summary>First port.</summary>
    public ushort Port => (ushort)(_value >> PortShift);

    /// <summary>Bytes: 1, 2 or 4.</summary>
    public int Size => (int)(_value >> SizeShift & SizeMask);

    /// <summary>IN or INS.</summary>
    public bool IsIn => (_value & InBit) != 0;

    /// <summary>INS or OUTS: the data are in memory.</summary>
    public bool IsString => (_value & StringBit) != 0;

    /// <summary>The access that an SVM guest has left for.</summary>
    /// <param name="information">EXITINFO1 (AMD APM vol 2 figure 15-2).</param>
    public static PortAccess FromSvm(ulong information) => new((uint)information);
}
