using System;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Core.Configuration;

/// <summary>The keys that are about mediators: the list of those wanted, and <c>NAME.KEY</c>.</summary>
public static class MediatorKeys
{
    private const byte Comma = (byte)',';
    private const byte Dot = (byte)'.';

    /// <summary>The key of the list.</summary>
    public static ReadOnlySpan<byte> List => "mediators"u8;

    /// <summary>The key by which a list is written down, one at a time.</summary>
    public static ReadOnlySpan<byte> Further => "mediators+"u8;

    private static ReadOnlySpan<byte> None => "none"u8;

    private static ReadOnlySpan<byte> All => "all"u8;

    /// <summary>Whether a key names a mediator and its option.</summary>
    public static bool IsOption(ReadOnlySpan<byte> key) => AsciiText.IndexOf(key, Dot) > 0;

    /// <summary>Takes the list: names with commas between them, <c>all</c>, or <c>none</c>.</summary>
    public static ConfigurationError Select<TMediators>(int line, ReadOnlySpan<byte> value, scoped ref TMediators mediators)
        where TMediators : struct, IMediatorOptions
    {
        if (AsciiText.Same(value, All))
        {
            mediators.SelectAll();
            return default;
        }

        mediators.SelectNone();
        if (AsciiText.Same(value, None))
        {
            return default;
        }

        while (true)
        {
            int comma = AsciiText.IndexOf(value, Comma);
            ReadOnlySpan<byte> name = AsciiText.Trim(comma < 0 ? value : value.Slice(0, comma));
            if (!mediators.Select(name))
            {
                return Unknown(line, name.IsEmpty ? List : name, ref mediators);
            }

            if (comma < 0)
            {
                return default;
            }

            value = value.Slice(comma + 1);
        }
    }

    /// <summary>Takes an option.</summary>
    public static ConfigurationError Set<TMediators>(int line, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, scoped ref TMediators mediators)
        where TMediators : struct, IMediatorOptions
    {
        int dot = AsciiText.IndexOf(key, Dot);
        OptionResult result = mediators.Set(key.Slice(0, dot), key.Slice(dot + 1), value);
        return result.IsTaken ? default : new ConfigurationError(line, key, result.Problem, result.Accepted);
    }

    /// <summary>Wants one more.</summary>
    public static ConfigurationError Add<TMediators>(int line, ReadOnlySpan<byte> value, scoped ref TMediators mediators)
        where TMediators : struct, IMediatorOptions => mediators.Select(value) ? default : Unknown(line, value, ref mediators);

    private static ConfigurationError Unknown<TMediators>(int line, ReadOnlySpan<byte> key, scoped ref TMediators mediators)
        where TMediators : struct, IMediatorOptions =>
        new(line, key, "unknown mediator"u8, mediators.Names.IsEmpty ? "none (this image has no mediators)"u8 : mediators.Names);
}
