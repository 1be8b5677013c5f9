using System;
using Hypervisor.Core.Configuration;
using Hypervisor.Devices.Pci;

namespace Hypervisor.Devices.Ahci;

/// <summary>
/// Reads a rule: <c>[at BB:DD.F,] [port N[.M] | serial TEXT | model TEXT][, lba FIRST[-[LAST]]]: readonly | deny | log | encrypt KEY</c>.
/// </summary>
public ref struct DiskRuleReader
{
    private const ulong MaximumPort = AhciRegister.MaximumPorts - 1;
    private const ulong MaximumMultiplierPort = 14; // SATA 3.x §16.3.1; 15 is the control port
    private const ulong MaximumSector = (1UL << 48) - 1;

    private DiskRule _rule;
    private bool _hasDisk;
    private bool _hasRange;

    /// <summary>What is accepted, for messages.</summary>
    public static ReadOnlySpan<byte> Forms =>
        "[at BB:DD.F,] port N, port N.M, serial TEXT or model TEXT [, lba FIRST-LAST]: readonly, deny, log or encrypt KEY; at most 16"u8;

    private static ReadOnlySpan<byte> Actions => "readonly, deny or log"u8;

    /// <summary>The rule that was read.</summary>
    public readonly DiskRule Rule => _rule;

    /// <summary>The serial or model number in it.</summary>
    public ReadOnlySpan<byte> Text { get; private set; }

    /// <summary>The name of its key; empty without one.</summary>
    public ReadOnlySpan<byte> KeyName { get; private set; }

    /// <summary>Reads one.</summary>
    /// <returns>False where it is none.</returns>
    public bool TryRead(ReadOnlySpan<byte> value)
    {
        _rule = new DiskRule { Last = ulong.MaxValue, MultiplierPort = DiskRule.AnyMultiplierPort };
        int colon = value.Length - 1;
        while (colon >= 0 && value[colon] != ':')
        {
            colon--;
        }

        if (colon < 0 || !TryReadAction(AsciiText.Trim(value.Slice(colon + 1))))
        {
            return false;
        }

        ReadOnlySpan<byte> left = value.Slice(0, colon);
        while (true)
        {
            int comma = left.IndexOf((byte)',');
            if (!TryReadPart(AsciiText.Trim(comma < 0 ? left : left.Slice(0, comma))))
            {
                return false;
            }

            if (comma < 0)
            {
                return _hasDisk || _rule.HasController;
            }

            left = left.Slice(comma + 1);
        }
    }

    private bool TryReadAction(ReadOnlySpan<byte> text)
    {
        if (TryTake(text, "encrypt "u8, out ReadOnlySpan<byte> name))
        {
            _rule.Action = RuleAction.Encrypt;
            KeyName = name;
            return !name.IsEmpty;
        }

        int choice = WordChoice.Find(text, Actions);
        _rule.Action = choice switch
        {
            0 => RuleAction.ReadOnly,
            1 => RuleAction.Deny,
            _ => RuleAction.Log,
        };
        return choice >= 0;
    }

    private bool TryReadPart(ReadOnlySpan<byte> part)
    {
        if (TryTake(part, "at "u8, out ReadOnlySpan<byte> rest) && !_hasDisk && !_hasRange && !_rule.HasController)
        {
            _rule.HasController = true;
            return PciMatchReader.TryReadAddress(rest, out _rule.Controller);
        }

        if (TryTake(part, "lba "u8, out rest) && !_hasRange)
        {
            _hasRange = true;
            return TryReadRange(rest);
        }

        if (_hasDisk || _hasRange)
        {
            return false;
        }

        _hasDisk = true;
        if (TryTake(part, "port "u8, out rest))
        {
            return TryReadPort(rest);
        }

        bool isSerial = TryTake(part, "serial "u8, out rest);
        _rule.Selector = isSerial ? DiskSelector.Serial : DiskSelector.Model;
        if (!isSerial && !TryTake(part, "model "u8, out rest))
        {
            return false;
        }

        Text = rest;
        return rest.Length is > 0 and <= DiskRules.MaximumText;
    }

    private bool TryReadPort(ReadOnlySpan<byte> text)
    {
        _rule.Selector = DiskSelector.Port;
        int dot = text.IndexOf((byte)'.');
        ulong behind = 0;
        if (NumberValue.Read(dot < 0 ? text : text.Slice(0, dot), 0, MaximumPort, out ulong port).Length != 0
            || (dot >= 0 && NumberValue.Read(text.Slice(dot + 1), 0, MaximumMultiplierPort, out behind).Length != 0))
        {
            return false;
        }

        _rule.Port = (int)port;
        _rule.MultiplierPort = dot < 0 ? DiskRule.AnyMultiplierPort : (int)behind;
        return true;
    }

    private bool TryReadRange(ReadOnlySpan<byte> text)
    {
        int dash = text.IndexOf((byte)'-');
        if (NumberValue.Read(AsciiText.Trim(dash < 0 ? text : text.Slice(0, dash)), 0, MaximumSector, out _rule.First).Length != 0)
        {
            return false;
        }

        ReadOnlySpan<byte> end = dash < 0 ? default : AsciiText.Trim(text.Slice(dash + 1));
        if (end.IsEmpty)
        {
            _rule.Last = dash < 0 ? _rule.First : ulong.MaxValue;
            return true;
        }

        return NumberValue.Read(end, _rule.First, MaximumSector, out _rule.Last).Length == 0;
    }

    private static bool TryTake(ReadOnlySpan<byte> text, ReadOnlySpan<byte> word, out ReadOnlySpan<byte> rest)
    {
        bool begins = AsciiText.StartsWith(text, word);
        rest = begins ? AsciiText.Trim(text.Slice(word.Length)) : default;
        return begins;
    }
}
