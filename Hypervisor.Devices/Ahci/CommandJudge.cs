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
            return DecideSectors(rules, command, sectorSize, out isLogged);
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
