namespace Hypervisor.Core.Mediation;

/// <summary>An access to a claimed port.</summary>
public struct PortRequest
{
    /// <summary>What the claim was made with, to tell claims apart.</summary>
    public uint Tag { get; init; }

    /// <summary>Number of the processor.</summary>
    public uint Processor { get; init; }

    /// <summary>First port.</summary>
    public ushort Port { get; init; }

    /// <summary>Bytes: 1, 2 or 4.</summary>
    public int Size { get; init; }

    /// <summary>OUT or OUTS.</summary>
    public bool IsWrite { get; init; }

    /// <summary>INS or OUTS: the data are in memory.</summary>
    public bool IsString { get; init; }

    /// <summary>What is written; or, with <see cref="Verdict.Done"/>, what a read returns. Bits beyond the size do not count.</summary>
    public uint Value { get; set; }
}
