namespace Hypervisor.Core.Mediation;

/// <summary>RDMSR or WRMSR of a claimed MSR.</summary>
public struct MsrRequest
{
    /// <summary>Number of the processor.</summary>
    public uint Processor { get; init; }

    /// <summary>The MSR.</summary>
    public uint Msr { get; init; }

    /// <summary>WRMSR.</summary>
    public bool IsWrite { get; init; }

    /// <summary>What is written; or, with <see cref="Verdict.Done"/>, what a read returns.</summary>
    public ulong Value { get; set; }
}
