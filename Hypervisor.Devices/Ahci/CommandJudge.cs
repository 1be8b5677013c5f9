namespace Hypervisor.Devices.Ahci;

/// <summary>Decides by the rules what becomes of a command.</summary>
public sealed class CommandJudge
{
    private const int SmallestSector = 512;
    private const int LargestSector = 4096;

    private readonly AhciPolicy _policy;

    /// <summary>A judge.</summary>
    /// <param name="policy">With the rules.</param>
    public CommandJudge(AhciPolicy policy)
    {
        _policy = policy;
    }

    /// <summary>Decides.</summary>
    /// <param name="rules">The rules for the disk.</param>
    /// <param name="command">The command.</param>
    /// <param name="sectorSize">Bytes of a sector; 0 where that is not known.</param>
    /// <param name="isLogged">Whether it is to be logged.</param>
    public SlotOutcome Decide(uint rules, in DiskCommand command, int sectorSize, out bool isLogged)
    {
        isLogged = false;
        if (rules == 0)
        {
            return SlotOutcome.Pass;
        }

        if (command.HasSectors)
        {
            return DiskRules.AreOfUnknown(rules)
                ? DecideUnknown(rules, command, out isLogged)
                : DecideSectors(rules, command, sectorSize, out isLogged);
        }

        DiskRules all = _policy.Rules;
        isLogged = command.Access != DiskAccess.None && all.Have(rules, RuleAction.Log);
        bool refused = command.Access switch
        {
            DiskAccess.ReadAnything => all.Have(rules, RuleAction.Deny) || all.Have(rules, RuleAction.Encrypt),
            DiskAccess.Discard => all.Have(rules, RuleAction.Deny) || all.Have(rules, RuleAction.ReadOnly),
            DiskAccess.ChangeAnything => all.Have(rules, RuleAction.Deny) || all.Have(rules, RuleAction.ReadOnly) || all.Have(rules, RuleAction.Encrypt),
            _ => false,
        };
        return refused ? SlotOutcome.Refuse : SlotOutcome.Pass;
    }

    /// <summary>
    /// A disk that is not known is refused what any disk it may be is refused. It is enough to look at each rule that may be about it alone, together with those that are: which of them
    /// decides about a sector of some disk also decides there without the others.
    /// </summary>
    private SlotOutcome DecideUnknown(uint rules, in DiskCommand command, out bool isLogged)
    {
        const int unknownSize = 0; // so nothing is encrypted: it would have to be known by which key, if at all
        _policy.Rules.Divide(rules, out uint sure, out uint doubtful);
        SlotOutcome outcome = DecideSectors(sure, command, unknownSize, out isLogged);
        for (uint left = doubtful; left != 0; left &= left - 1)
        {
            bool isRefused = DecideSectors(sure | (left & ~(left - 1)), command, unknownSize, out bool isLoggedThere) == SlotOutcome.Refuse;
            outcome = isRefused ? SlotOutcome.Refuse : outcome;
            isLogged |= isLoggedThere;
        }

        return outcome;
    }

    private SlotOutcome DecideSectors(uint rules, in DiskCommand command, int sectorSize, out bool isLogged)
    {
        ulong last = command.Lba + (ulong)command.Count - 1;
        SlotOutcome outcome = last < command.Lba ? SlotOutcome.Refuse : SlotOutcome.Pass;
        isLogged = false;
        for (ulong sector = command.Lba; sector <= last;)
        {
            SectorDecision decision = _policy.Rules.Decide(rules, sector);
            SlotOutcome part = OutcomeOf(decision, command, sectorSize);
            outcome = part == SlotOutcome.Refuse || outcome == SlotOutcome.Refuse ? SlotOutcome.Refuse : part == SlotOutcome.Pass ? outcome : part;
            isLogged |= decision.IsLogged;
            if (decision.Last >= last)
            {
                break;
            }

            sector = decision.Last + 1;
        }

        return outcome;
    }

    private SlotOutcome OutcomeOf(SectorDecision decision, in DiskCommand command, int sectorSize)
    {
        switch (decision.Action)
        {
            case RuleAction.Deny:
                return SlotOutcome.Refuse;
            case RuleAction.ReadOnly:
                return command.Access == DiskAccess.Write ? SlotOutcome.Refuse : SlotOutcome.Pass;
            case RuleAction.Encrypt when command.Access == DiskAccess.Verify:
                return SlotOutcome.Pass;
            case RuleAction.Encrypt:
                bool canDo = command.Kind != AtaCommandClass.Packet && sectorSize is >= SmallestSector and <= LargestSector
                    && (sectorSize & (sectorSize - 1)) == 0 && _policy.Keys.IsUsable(decision.Key);
                return !canDo ? SlotOutcome.Refuse : command.Access == DiskAccess.Write ? SlotOutcome.Encrypt : SlotOutcome.Decrypt;
            default:
                return SlotOutcome.Pass;
        }
    }
}
