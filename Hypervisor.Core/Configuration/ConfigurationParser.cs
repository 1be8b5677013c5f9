using System;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Core.Configuration;

/// <summary>
/// Reads a configuration: lines of <c>key = value</c>, <c>#</c> begins a comment; a semicolon ends a line too, so that load options can hold several. The first
/// error ends the reading: nothing is started half-configured (L12).
/// </summary>
public static class ConfigurationParser
{
    /// <summary>The keys, for messages.</summary>
    public static ReadOnlySpan<byte> Keys => "mediators, serial, icr-trap, status, fault-test, and NAME.OPTION of a mediator"u8;

    /// <summary>The options of a machine without configuration.</summary>
    public static HostOptions Defaults => default;

    /// <summary>Reads <paramref name="text"/> into <paramref name="options"/>.</summary>
    public static ConfigurationError Parse(ReadOnlySpan<byte> text, ref HostOptions options)
    {
        int line = 1;
        int start = 0;
        for (int i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && text[i] != '\n' && text[i] != ';' && text[i] != 0)
            {
                continue;
            }

            ConfigurationError error = ParseLine(line, text.Slice(start, i - start), ref options);
            if (error.IsError || (i < text.Length && text[i] == 0))
            {
                return error;
            }

            start = i + 1;
            line += i < text.Length && text[i] == '\n' ? 1 : 0;
        }

        return default;
    }

    private static ConfigurationError ParseLine(int line, ReadOnlySpan<byte> text, ref HostOptions options)
    {
        int end = IndexOf(text, (byte)'#');
        text = Trim(end < 0 ? text : text.Slice(0, end));
        if (text.Length == 0)
        {
            return default;
        }

        int equals = IndexOf(text, (byte)'=');
        if (equals < 0)
        {
            return new ConfigurationError(line, text, "no '=' after the key"u8, "key = value"u8);
        }

        return Apply(line, Trim(text.Slice(0, equals)), Trim(text.Slice(equals + 1)), ref options);
    }

    private static ConfigurationError Apply(int line, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ref HostOptions options)
    {
        if (Same(key, "serial"u8))
        {
            ReadOnlySpan<byte> ports = "com1, com2 or off"u8;
            int choice = Choose(value, ports);
            options.SerialPort = choice == 0 ? SerialPort.Com1 : choice == 1 ? SerialPort.Com2 : (ushort)0;
            return choice < 0 ? Bad(line, key, ports) : default;
        }

        if (Same(key, "icr-trap"u8))
        {
            ReadOnlySpan<byte> manners = "auto or keep"u8;
            int choice = Choose(value, manners);
            options.KeepApicTrap = choice == 1;
            return choice < 0 ? Bad(line, key, manners) : default;
        }

        if (Same(key, "status"u8))
        {
            ReadOnlySpan<byte> states = "on or off"u8;
            int choice = Choose(value, states);
            options.Status = choice == 0;
            return choice < 0 ? Bad(line, key, states) : default;
        }

        if (Same(key, "fault-test"u8))
        {
            int choice = Choose(value, DeliberateFault.Names);
            options.Fault = (DeliberateFault.Kind)(choice < 0 ? 0 : choice);
            return choice < 0 ? Bad(line, key, DeliberateFault.Names) : default;
        }

        if (Same(key, "mediators"u8))
        {
            return Report(line, key, MediatorSelection.Select(value));
        }

        int dot = IndexOf(key, (byte)'.');
        return dot < 0
            ? new ConfigurationError(line, key, "unknown key"u8, Keys)
            : Report(line, key, MediatorSelection.SetOption(key.Slice(0, dot), key.Slice(dot + 1), value));
    }

    private static ConfigurationError Report(int line, ReadOnlySpan<byte> key, OptionResult result) =>
        result.IsTaken ? default : new ConfigurationError(line, key, result.Problem, result.Accepted);

    private static ConfigurationError Bad(int line, ReadOnlySpan<byte> key, ReadOnlySpan<byte> accepted) =>
        new(line, key, "value not accepted"u8, accepted);

    /// <summary>Which of the words in a list such as "a, b or c" a value is; -1 for none.</summary>
    private static int Choose(ReadOnlySpan<byte> value, ReadOnlySpan<byte> words)
    {
        ReadOnlySpan<byte> comma = ", "u8;
        ReadOnlySpan<byte> or = " or "u8;
        int number = 0;
        int start = 0;
        for (int i = 0; i <= words.Length; i++)
        {
            int separator = i == words.Length ? 1 : StartsWith(words.Slice(i), comma) ? comma.Length : StartsWith(words.Slice(i), or) ? or.Length : 0;
            if (separator == 0)
            {
                continue;
            }

            if (Same(value, words.Slice(start, i - start)))
            {
                return number;
            }

            number++;
            start = i + separator;
            i = start - 1;
        }

        return -1;
    }

    private static bool StartsWith(ReadOnlySpan<byte> text, ReadOnlySpan<byte> beginning) =>
        text.Length >= beginning.Length && Same(text.Slice(0, beginning.Length), beginning);

    private static int IndexOf(ReadOnlySpan<byte> text, byte value)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == value)
            {
                return i;
            }
        }

        return -1;
    }

    private static bool Same(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        if (left.Length != right.Length)
        {
            return false;
        }

        for (int i = 0; i < left.Length; i++)
        {
            if (left[i] != right[i])
            {
                return false;
            }
        }

        return true;
    }

    private static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text)
    {
        int start = 0;
        int end = text.Length;
        while (start < end && text[start] <= (byte)' ')
        {
            start++;
        }

        while (end > start && text[end - 1] <= (byte)' ')
        {
            end--;
        }

        return text.Slice(start, end - start);
    }
}
