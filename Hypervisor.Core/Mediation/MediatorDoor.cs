namespace Hypervisor.Core.Mediation;

/// <summary>The ways into a mediator: what counters count and failure reports name.</summary>
public enum MediatorDoor : byte
{
    /// <summary>It looks whether there is something for it.</summary>
    Probe,

    /// <summary>It makes its claims.</summary>
    Attach,

    /// <summary>Boot services have ended.</summary>
    ExitBootServices,

    /// <summary>The guest has started a processor.</summary>
    ProcessorStart,

    /// <summary>The machine goes to sleep, off, or is reset.</summary>
    Sleep,

    /// <summary>It has woken.</summary>
    Resume,

    /// <summary>It leaves its doorways.</summary>
    Detach,

    /// <summary>Access to a port.</summary>
    Port,

    /// <summary>Access to memory.</summary>
    Memory,

    /// <summary>Access to an MSR.</summary>
    Msr,

    /// <summary>CPUID.</summary>
    Cpuid,

    /// <summary>Write of the local APIC's interrupt command register.</summary>
    InterruptCommand,

    /// <summary>A number of its own is read.</summary>
    Statistic,

    /// <summary>Access to the configuration space of a PCI function.</summary>
    PciConfiguration,

    /// <summary>Something has happened to a PCI function.</summary>
    PciFunction,

    /// <summary>It has failed, and may leave the hardware as the guest believes it to be.</summary>
    Abandon,

    /// <summary>Number of ways.</summary>
    Last,
}
