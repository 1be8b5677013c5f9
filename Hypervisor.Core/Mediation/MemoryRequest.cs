namespace Hypervisor.Core.Mediation;

/// <summary>An access to claimed memory. An instruction that touches more than eight bytes, or crosses the claim's border, becomes several.</summary>
public struct MemoryRequest
{
    /// <summary>What the claim was made with, to tell claims apart.</summary>
    public uint Tag { get; init; }

    /// <summary>Number of the processor.</summary>
    public uint Processor { get; init; }

    /// <summary>Physical address.</summary>
    public ulong Address { get; init; }

    /// <summary>Bytes from the first one of the claim to <see cref="Address"/>.</summary>
    public ulong Offset { get; init; }

    /// <summary>Bytes: 1, 2, 4 or 8.</summary>
    public int Size { get; init; }

    /// <summary>Whether it is a write.</summary>
    public bool IsWrite { get; init; }

    /// <summary>What is written; or, with <see cref="Verdict.Done"/>, what a read returns. Bits beyond the size do not count.</summary>
    public ulong Value { get; set; }
}
