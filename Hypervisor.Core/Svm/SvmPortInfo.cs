namespace Hypervisor.Core.Svm;

/// <summary>EXITINFO1 of a port exit (AMD APM vol 2 figure 15-2).</summary>
public readonly struct SvmPortInfo(ulong value)
{
    private const ulong InBit = 1 << 0;
    private const ulong StringBit = 1 << 2;
    private const int SizeShift = 4;
    private const int PortShift = 16;

    /// <summary>IN or INS; else OUT or OUTS.</summary>
    public bool IsIn => (value & InBit) != 0;

    /// <summary>INS or OUTS.</summary>
    public bool IsString => (value & StringBit) != 0;

    /// <summary>Bytes: 1, 2 or 4.</summary>
    public int Size => (int)(value >> SizeShift) & 7;

    /// <summary>First port.</summary>
    public ushort Port => (ushort)(value >> PortShift);
}
