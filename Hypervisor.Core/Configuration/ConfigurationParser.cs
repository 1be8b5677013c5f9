using System;

namespace Hypervisor.Core.Configuration;

/// <summary>
/// Reads a configuration: lines of <c>key = value</c>, <c>#</c> begins a comment; a semicolon ends a line too, so that load options can hold several. The first
/// error ends the reading: nothing is started half-configured (L12).
/// </summary>
public static class ConfigurationParser
{
    /// <summary>Most bytes of a configuration.</summary>
    public const int MaximumSize = 8 * 1024;

    private const uint DefaultTries = 3;

    /// <summary>The keys, for messages.</summary>
    public static ReadOnlySpan<byte> Keys =>
        "serial, icr-trap, status, fault-test, secret, password-hash, password-tries, password-failure, mediators, MEDIATOR.OPTION"u8;

    /// <summary>The options of a machine without configuration.</summary>
    public static HostOptions Defaults => new() { PasswordTries = DefaultTries };

    /// <summary>Reads <paramref name="text"/> into <paramref name="options"/>, where there are no mediators.</summary>
    public static ConfigurationError Parse(ReadOnlySpan<byte> text, scoped ref HostOptions options)
    {
        NoMediators none = default;
        return Parse(text, ref options, ref none);
    }

    /// <summary>Reads <paramref name="text"/> into <paramref name="options"/>, and what is about mediators into <paramref name="mediators"/>.</summary>
    public static ConfigurationError Parse<TMediators>(ReadOnlySpan<byte> text, scoped ref HostOptions options, scoped ref TMediators mediators)
        where TMediators : struct, IMediatorOptions
    {
        mediators.SelectAll();
        int line = 1;
        int start = 0;
        for (int i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && text[i] != '\n' && text[i] != ';' && text[i] != 0)
            {
                continue;
            }

            ConfigurationError error = ParseLine(line, text.Slice(start, i - start), ref options, ref mediators);
            if (error.IsError || (i < text.Length && text[i] == 0))
            {
                return error;
            }

            start = i + 1;
            line += i < text.Length && text[i] == '\n' ? 1 : 0;
        }

        return default;
    }

    private static ConfigurationError ParseLine<TMediators>(int line, ReadOnlySpan<byte> text, scoped ref HostOptions options, scoped ref TMediators mediators)
        where TMediators : struct, IMediatorOptions
    {
        int end = AsciiText.IndexOf(text, (byte)'#');
        text = AsciiText.Trim(end < 0 ? text : text.Slice(0, end));
        if (text.Length == 0)
        {
            return default;
        }

        int equals = AsciiText.IndexOf(text, (byte)'=');
        if (equals < 0)
        {
            // Only the first word: what was meant to be a secret must not get on the console.
            int blank = AsciiText.IndexOf(text, (byte)' ');
            return new ConfigurationError(line, blank < 0 ? text : text.Slice(0, blank), "no '=' after the key"u8, "key = value"u8);
        }

        ReadOnlySpan<byte> key = AsciiText.Trim(text.Slice(0, equals));
        ReadOnlySpan<byte> value = AsciiText.Trim(text.Slice(equals + 1));
        return AsciiText.Same(key, MediatorKeys.List) ? MediatorKeys.Select(line, value, ref mediators)
            : AsciiText.Same(key, MediatorKeys.Further) ? MediatorKeys.Add(line, value, ref mediators)
            : MediatorKeys.IsOption(key) ? MediatorKeys.Set(line, key, value, ref mediators)
            : HostKeys.Apply(line, key, value, ref options);
    }
}
