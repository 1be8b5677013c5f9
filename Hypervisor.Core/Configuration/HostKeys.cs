using System;
using Hypervisor.Core.Diagnostics;

namespace Hypervisor.Core.Configuration;

/// <summary>The keys that are about the host itself.</summary>
public static class HostKeys
{
    private const uint MinimumTries = 1;
    private const uint MaximumTries = 100;

    private static ReadOnlySpan<byte> Ports => "com1, com2 or off"u8;

    private static ReadOnlySpan<byte> Manners => "auto or keep"u8;

    private static ReadOnlySpan<byte> States => "on or off"u8;

    private static ReadOnlySpan<byte> Failures => "reset or continue"u8;

    private static ReadOnlySpan<byte> Tries => "1 to 100"u8;

    private static ReadOnlySpan<byte> Secrets => "12 to 64 printable characters; ';' and '#' end a value"u8;

    /// <summary>Takes a key.</summary>
    public static ConfigurationError Apply(int line, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, scoped ref HostOptions options)
    {
        if (AsciiText.Same(key, "serial"u8))
        {
            int choice = WordChoice.Find(value, Ports);
            options.SerialPort = choice == 0 ? SerialPort.Com1 : choice == 1 ? SerialPort.Com2 : (ushort)0;
            return Check(line, key, choice, Ports);
        }

        if (AsciiText.Same(key, "icr-trap"u8))
        {
            int choice = WordChoice.Find(value, Manners);
            options.KeepApicTrap = choice == 1;
            return Check(line, key, choice, Manners);
        }

        if (AsciiText.Same(key, "status"u8))
        {
            int choice = WordChoice.Find(value, States);
            options.Status = choice == 0;
            return Check(line, key, choice, States);
        }

        if (AsciiText.Same(key, "fault-test"u8))
        {
            int choice = WordChoice.Find(value, DeliberateFault.Names);
            options.Fault = (DeliberateFault.Kind)(choice < 0 ? 0 : choice);
            return Check(line, key, choice, DeliberateFault.Names);
        }

        return ApplySecret(line, key, value, ref options);
    }

    /// <summary>The keys about what its owner knows and others do not.</summary>
    private static ConfigurationError ApplySecret(int line, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, scoped ref HostOptions options)
    {
        if (AsciiText.Same(key, "secret"u8))
        {
            if (!IsSecret(value))
            {
                return new ConfigurationError(line, key, "value not accepted"u8, Secrets);
            }

            options.Key.Derive(value);
            return default;
        }

        if (AsciiText.Same(key, "password-hash"u8))
        {
            ReadOnlySpan<byte> problem = options.Password.Read(value);
            return problem.IsEmpty ? default : new ConfigurationError(line, key, problem, PasswordHash.Accepted);
        }

        if (AsciiText.Same(key, "password-tries"u8))
        {
            ReadOnlySpan<byte> problem = NumberValue.Read(value, MinimumTries, MaximumTries, out ulong tries);
            options.PasswordTries = (uint)tries;
            return problem.IsEmpty ? default : new ConfigurationError(line, key, problem, Tries);
        }

        if (AsciiText.Same(key, "password-failure"u8))
        {
            int choice = WordChoice.Find(value, Failures);
            options.GoOnWithoutPassword = choice == 1;
            return Check(line, key, choice, Failures);
        }

        return new ConfigurationError(line, key, "unknown key"u8, ConfigurationParser.Keys);
    }

    private static ConfigurationError Check(int line, ReadOnlySpan<byte> key, int choice, ReadOnlySpan<byte> accepted) =>
        choice >= 0 ? default : new ConfigurationError(line, key, "value not accepted"u8, accepted);

    private static bool IsSecret(ReadOnlySpan<byte> value)
    {
        bool isPrintable = true;
        for (int i = 0; i < value.Length; i++)
        {
            isPrintable &= value[i] is >= (byte)' ' and < 0x7F;
        }

        return isPrintable && value.Length is >= HypercallProtocol.MinimumSecretLength and <= HypercallProtocol.MaximumSecretLength;
    }
}
