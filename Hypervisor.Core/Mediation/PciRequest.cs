namespace Hypervisor.Core.Mediation;

/// <summary>An access of the guest to the configuration space of a function that a mediator has claimed, whichever way it came. It lies within one aligned dword.</summary>
public struct PciRequest
{
    /// <summary>What the function was claimed with, to tell claims apart.</summary>
    public uint Tag { get; init; }

    /// <summary>Number of the processor.</summary>
    public uint Processor { get; init; }

    /// <summary>The function, where it answers at present.</summary>
    public PciAddress Address { get; init; }

    /// <summary>The function, for the services of the pci mediator.</summary>
    public int Function { get; init; }

    /// <summary>First byte, 0 to 4095.</summary>
    public int Offset { get; init; }

    /// <summary>Bytes: 1, 2 or 4; a wider or crossing access has been divided.</summary>
    public int Size { get; init; }

    /// <summary>Whether it is a write.</summary>
    public bool IsWrite { get; init; }

    /// <summary>What is written; or, with <see cref="Verdict.Done"/>, what a read returns. Bits beyond the size do not count.</summary>
    public uint Value { get; set; }
}
