namespace Hypervisor.Core.Mediation;

/// <summary>Why something cannot be claimed.</summary>
public enum ClaimProblem : byte
{
    /// <summary>It has been claimed.</summary>
    None,

    /// <summary>What should be claimed has no address.</summary>
    NoAddress,

    /// <summary>No processor can address it.</summary>
    OutOfReach,

    /// <summary>It is the host's own memory.</summary>
    Host,

    /// <summary>It is the local APIC's page.</summary>
    LocalApic,

    /// <summary>It is memory, which answers before any device does. Only strict claims mind.</summary>
    Memory,

    /// <summary>Another claim is there.</summary>
    Overlap,

    /// <summary>There are too many claims, or it is too large.</summary>
    NoRoom,

    /// <summary>There are not enough page tables.</summary>
    NoTables,
}
