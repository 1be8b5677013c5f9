namespace Hypervisor.Core.Guest.Startup;

/// <summary>Who receives an interrupt command.</summary>
/// <remarks>
/// Intel SDM vol 3 §10.6.2 and §10.12.10; AMD APM vol 2 §16.6. Modes may differ between sender and receiver while an operating system
/// brings its processors up: the sender's mode gives the width of the destination, the receiver's mode the name it is compared with.
/// </remarks>
public static class InterruptCommandTarget
{
    private const int ClusterShift = 4;
    private const uint MemberMask = 0xF;
    private const int X2ApicClusterShift = 16;
    private const uint X2ApicMemberMask = 0xFFFF;

    /// <summary>Whether a processor is among those that a command addresses. Of a lowest-priority interrupt it is then one of the
    /// candidates.</summary>
    /// <param name="command">The command.</param>
    /// <param name="sender">Index of the processor that sends it.</param>
    /// <param name="receiver">Index of the processor in question.</param>
    /// <param name="identity">The names of the processor in question.</param>
    /// <returns>True where it receives.</returns>
    public static bool Matches(InterruptCommand command, int sender, int receiver, LocalApicIdentity identity) => command.Shorthand switch
    {
        InterruptShorthand.Self => sender == receiver,
        InterruptShorthand.AllIncludingSelf => true,
        InterruptShorthand.AllExcludingSelf => sender != receiver,
        _ when IsBroadcast(command) => true,
        _ => command.IsLogical ? MatchesLogical(command.Destination, identity) : command.Destination == identity.ApicId,
    };

    /// <summary>All ones address everyone in both destination modes (SDM vol 3 §10.6.2.1, §10.6.2.2 and §10.12.9).</summary>
    private static bool IsBroadcast(InterruptCommand command) =>
        command.Destination == (command.IsX2Apic ? InterruptCommand.X2ApicBroadcast : InterruptCommand.XApicBroadcast);

    private static bool MatchesLogical(uint destination, LocalApicIdentity identity)
    {
        if (identity.IsX2Apic)
        {
            uint id = identity.X2ApicLogicalId;
            return destination >> X2ApicClusterShift == id >> X2ApicClusterShift && (destination & id & X2ApicMemberMask) != 0;
        }

        if (identity.IsFlat)
        {
            return (destination & identity.LogicalId) != 0 && destination <= InterruptCommand.XApicBroadcast;
        }

        // A destination format that is neither flat nor cluster is undefined (SDM vol 3 figure 10-14): nobody answers.
        return identity.IsCluster
            && destination >> ClusterShift == (uint)identity.LogicalId >> ClusterShift
            && (destination & identity.LogicalId & MemberMask) != 0;
    }
}
