namespace Hypervisor.Core.Guest.Exits;

/// <summary>An access to a port, as both vendors' exit information tells it.</summary>
/// <param name="port">First port.</param>
/// <param name="size">Bytes: 1, 2 or 4.</param>
/// <param name="isIn">IN or INS.</param>
/// <param name="isString">INS or OUTS.</param>
public readonly struct PortAccess(ushort port, int size, bool isIn, bool isString)
{
    /// <summary>First port.</summary>
    public ushort Port => port;

    /// <summary>Bytes: 1, 2 or 4.</summary>
    public int Size => size;

    /// <summary>IN or INS.</summary>
    public bool IsIn => isIn;

    /// <summary>INS or OUTS: the data are in memory.</summary>
    public bool IsString => isString;
}
