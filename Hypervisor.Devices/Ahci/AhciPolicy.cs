using System;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Ahci;

/// <summary>What the configuration asks of the ahci mediator.</summary>
public sealed class AhciPolicy
{
    private bool _governsAll;

    /// <summary>The names of the options, for messages.</summary>
    public static ReadOnlySpan<byte> OptionNames => "rule, key, govern"u8;

    /// <summary>The rules.</summary>
    public DiskRules Rules { get; } = new();

    /// <summary>The keys they name.</summary>
    public DiskKeys Keys { get; } = new();

    /// <summary>Whether any port is governed.</summary>
    public bool Governs => _governsAll || Rules.Count != 0;

    private static ReadOnlySpan<byte> Governings => "rules or all"u8;

    /// <summary>Whether a port is governed.</summary>
    public bool GovernsPort(PciAddress controller, int port) => _governsAll || Rules.Concern(controller, port);

    /// <summary>Takes an option.</summary>
    public OptionResult SetOption(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (key.SequenceEqual("rule"u8))
        {
            return AddRule(value);
        }

        if (key.SequenceEqual("key"u8))
        {
            return Keys.TryAdd(value) ? OptionResult.Taken : OptionResult.Refused(DiskKeyReader.Forms);
        }

        if (key.SequenceEqual("govern"u8))
        {
            int choice = WordChoice.Find(value, Governings);
            _governsAll = choice == 1;
            return choice < 0 ? OptionResult.Refused(Governings) : OptionResult.Taken;
        }

        return OptionResult.Unknown(OptionNames);
    }

    private OptionResult AddRule(ReadOnlySpan<byte> value)
    {
        DiskRuleReader reader = default;
        if (!reader.TryRead(value))
        {
            return OptionResult.Refused(DiskRuleReader.Forms);
        }

        DiskRule rule = reader.Rule;
        if (rule.Action == RuleAction.Encrypt)
        {
            rule.Key = Keys.Find(reader.KeyName);
        }

        return rule.Key != DiskKeys.None && Rules.Add(rule, reader.Text) ? OptionResult.Taken : OptionResult.Refused(DiskRuleReader.Forms);
    }
}
