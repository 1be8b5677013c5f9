using System;

namespace Hypervisor.Core.Mediation;

/// <summary>Reasons in the log, to be read behind what cannot be claimed.</summary>
public static class ClaimProblemText
{
    /// <summary>What there is to say, beginning with "it".</summary>
    public static ReadOnlySpan<byte> Of(ClaimProblem problem) => problem switch
    {
        ClaimProblem.NoAddress => "it has no address"u8,
        ClaimProblem.OutOfReach => "it is beyond what processors can address"u8,
        ClaimProblem.Host => "it is the host's memory"u8,
        ClaimProblem.LocalApic => "it is the local APIC's page"u8,
        ClaimProblem.Memory => "it is memory, not a device"u8,
        ClaimProblem.Overlap => "it overlaps another claim"u8,
        ClaimProblem.NoRoom => "it is too large, or there are too many claims"u8,
        ClaimProblem.NoTables => "it needs more page tables than are set aside"u8,
        _ => "it is claimed"u8,
    };
}
