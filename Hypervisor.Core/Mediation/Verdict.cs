namespace Hypervisor.Core.Mediation;

/// <summary>What a mediator decides about an access.</summary>
public enum Verdict : byte
{
    /// <summary>The access goes to the hardware, with the request's value where it is a write. The default of every mediator (M3).</summary>
    Pass,

    /// <summary>The mediator has dealt with it: a read returns the request's value, a write is over.</summary>
    Done,

    /// <summary>Refused: a read returns all ones, as where there is no device, a write vanishes; an MSR access is #GP.</summary>
    Deny,

    /// <summary>
    /// The guest executes the instruction itself, once, with the door open for exactly this processor and instruction. For ports and memory; an access to an MSR,
    /// a CPUID leaf or an interrupt command passes instead.
    /// </summary>
    Guest,
}
