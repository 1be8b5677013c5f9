namespace Hypervisor.Devices.Ahci;

/// <summary>What the rules say about a sector, and up to where they say the same.</summary>
public readonly struct SectorDecision
{
    /// <summary>What becomes of it: never <see cref="RuleAction.Log"/>.</summary>
    public RuleAction Action { get; init; }

    /// <summary>Whether the command is to be logged.</summary>
    public bool IsLogged { get; init; }

    /// <summary>Which key.</summary>
    public int Key { get; init; }

    /// <summary>The last sector of which the same can be said.</summary>
    public ulong Last { get; init; }
}
