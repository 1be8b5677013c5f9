using System;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Ahci;

/// <summary>
/// The rules, in the order of the configuration. Sets of rules are words with a bit for each, and one that says that the disk is not known: each of the rules that name a serial or model number
/// may be about it, or not.
/// </summary>
public sealed class DiskRules
{
    /// <summary>Rules there is room for.</summary>
    public const int Capacity = 16;

    /// <summary>Characters of a model number, the longer of the two (ACS-3 §7.12.7.17).</summary>
    public const int MaximumText = 40;

    private const uint UnknownBit = 1u << 31;

    private readonly DiskRule[] _rules = new DiskRule[Capacity];
    private readonly byte[] _texts = new byte[Capacity * MaximumText];
    private int _count;

    /// <summary>Number of rules.</summary>
    public int Count => _count;

    /// <summary>A rule.</summary>
    public DiskRule this[int index] => _rules[index];

    /// <summary>Adds one.</summary>
    /// <returns>False where there is no room.</returns>
    public bool Add(in DiskRule rule, ReadOnlySpan<byte> text)
    {
        if (_count == Capacity || text.Length > MaximumText)
        {
            return false;
        }

        text.CopyTo(new Span<byte>(_texts).Slice(_count * MaximumText, text.Length));
        _rules[_count] = rule;
        _rules[_count].TextLength = text.Length;
        _count++;
        return true;
    }

    /// <summary>Whether any rule may concern disks of a port.</summary>
    public bool Concern(PciAddress controller, int port)
    {
        bool any = false;
        for (int i = 0; i < _count; i++)
        {
            any |= _rules[i].MayMean(controller, port);
        }

        return any;
    }

    /// <summary>The rules that may be about a disk of which only the place is known: all that could be are, so that not knowing a disk lifts no rule.</summary>
    public uint Possible(PciAddress controller, int port, int multiplierPort)
    {
        uint rules = 0;
        for (int i = 0; i < _count; i++)
        {
            rules |= _rules[i].MayMean(controller, port, multiplierPort) ? 1u << i : 0;
        }

        return rules;
    }

    /// <summary>The set for a disk of which only the place is known.</summary>
    /// <param name="possible">The rules that may be about it.</param>
    public static uint OfUnknown(uint possible) => possible == 0 ? 0 : possible | UnknownBit;

    /// <summary>Whether a set is that of a disk of which only the place is known.</summary>
    public static bool AreOfUnknown(uint rules) => (rules & UnknownBit) != 0;

    /// <summary>Those of a set of rules that are about the disk whichever it is, and those that need not be.</summary>
    public void Divide(uint rules, out uint sure, out uint doubtful)
    {
        sure = 0;
        for (int i = 0; i < _count; i++)
        {
            sure |= _rules[i].NamesDisk ? 0 : rules & (1u << i);
        }

        doubtful = rules & ~sure & ~UnknownBit;
    }

    /// <summary>Those of a set of rules that are about a disk.</summary>
    public uint Of(uint possible, ReadOnlySpan<byte> serial, ReadOnlySpan<byte> model)
    {
        uint rules = 0;
        for (int i = 0; i < _count; i++)
        {
            ReadOnlySpan<byte> text = new ReadOnlySpan<byte>(_texts).Slice(i * MaximumText, _rules[i].TextLength);
            bool means = _rules[i].Selector switch
            {
                DiskSelector.Serial => AsciiText.Same(text, serial),
                DiskSelector.Model => AsciiText.Same(text, model),
                _ => true,
            };
            rules |= means ? possible & (1u << i) : 0;
        }

        return rules;
    }

    /// <summary>Whether a set has a rule of this kind.</summary>
    public bool Have(uint rules, RuleAction action)
    {
        bool any = false;
        for (int i = 0; i < _count; i++)
        {
            any |= (rules >> i & 1) != 0 && _rules[i].Action == action;
        }

        return any;
    }

    /// <summary>What a set of rules says about a sector: the first that holds it decides.</summary>
    public SectorDecision Decide(uint rules, ulong sector)
    {
        ulong last = ulong.MaxValue;
        bool logged = false;
        for (int i = 0; i < _count; i++)
        {
            ref DiskRule rule = ref _rules[i];
            if ((rules >> i & 1) == 0 || sector > rule.Last)
            {
                continue;
            }

            if (sector < rule.First)
            {
                last = Math.Min(last, rule.First - 1);
                continue;
            }

            last = Math.Min(last, rule.Last);
            logged |= rule.Action == RuleAction.Log;
            if (rule.Action != RuleAction.Log)
            {
                return new SectorDecision { Action = rule.Action, Key = rule.Key, IsLogged = logged, Last = last };
            }
        }

        return new SectorDecision { Action = RuleAction.Pass, IsLogged = logged, Last = last };
    }
}
