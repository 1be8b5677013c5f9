namespace Hypervisor.Core.Mediation;

/// <summary>CPUID of a claimed leaf. The answer stands in it, as the guest would get it; a mediator may change it.</summary>
public struct CpuidRequest
{
    /// <summary>Number of the processor.</summary>
    public uint Processor { get; init; }

    /// <summary>EAX of the guest.</summary>
    public uint Leaf { get; init; }

    /// <summary>ECX of the guest.</summary>
    public uint Subleaf { get; init; }

    /// <summary>The answer's EAX.</summary>
    public uint Eax { get; set; }

    /// <summary>The answer's EBX.</summary>
    public uint Ebx { get; set; }

    /// <summary>The answer's ECX.</summary>
    public uint Ecx { get; set; }

    /// <summary>The answer's EDX.</summary>
    public uint Edx { get; set; }
}
