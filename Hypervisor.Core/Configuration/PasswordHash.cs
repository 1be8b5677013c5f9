using System;
using Hypervisor.Core.Cryptography;

namespace Hypervisor.Core.Configuration;

/// <summary>What the configuration knows of the boot password: <c>pbkdf2-sha256:ITERATIONS:SALT:HASH</c>, never the password itself (L13).</summary>
public unsafe struct PasswordHash
{
    /// <summary>Least number of iterations.</summary>
    public const uint MinimumIterations = 1_000;

    /// <summary>Greatest number of iterations.</summary>
    public const uint MaximumIterations = 10_000_000;

    /// <summary>Shortest salt.</summary>
    public const int MinimumSaltSize = 8;

    private const byte Separator = (byte)':';

    private uint _iterations;
    private int _saltSize;
    private fixed byte _salt[Pbkdf2.MaximumSaltSize];
    private fixed byte _hash[Sha256.HashSize];

    /// <summary>What a value must look like.</summary>
    public static ReadOnlySpan<byte> Accepted =>
        "pbkdf2-sha256:ITERATIONS:SALT:HASH with 1000 to 10000000 iterations, 8 to 64 bytes of salt and 32 of hash in hexadecimal ('hv hash-password' makes it)"u8;

    /// <summary>The only kind of hash there is.</summary>
    public static ReadOnlySpan<byte> Kind => "pbkdf2-sha256"u8;

    /// <summary>Whether there is a password.</summary>
    public readonly bool IsSet => _iterations != 0;

    /// <summary>Reads a value.</summary>
    /// <returns>What is wrong; empty where nothing is.</returns>
    public ReadOnlySpan<byte> Read(ReadOnlySpan<byte> text)
    {
        if (!AsciiText.Same(Take(ref text), Kind))
        {
            return "not a kind of hash that is known"u8;
        }

        ReadOnlySpan<byte> problem = NumberValue.Read(Take(ref text), MinimumIterations, MaximumIterations, out ulong iterations);
        if (!problem.IsEmpty)
        {
            return problem;
        }

        fixed (byte* salt = _salt)
        fixed (byte* hash = _hash)
        {
            if (!AsciiText.TryReadHex(Take(ref text), new Span<byte>(salt, Pbkdf2.MaximumSaltSize), out _saltSize) || _saltSize < MinimumSaltSize)
            {
                return "the salt is none"u8;
            }

            if (!AsciiText.TryReadHex(text, new Span<byte>(hash, Sha256.HashSize), out int size) || size != Sha256.HashSize)
            {
                return "the hash is none"u8;
            }
        }

        _iterations = (uint)iterations;
        return default;
    }

    /// <summary>Whether a password is the one.</summary>
    public bool Matches(ReadOnlySpan<byte> password)
    {
        Span<byte> derived = stackalloc byte[Sha256.HashSize];
        fixed (byte* salt = _salt)
        fixed (byte* hash = _hash)
        {
            Pbkdf2.Derive(password, new ReadOnlySpan<byte>(salt, _saltSize), _iterations, derived);
            return SecretBytes.AreEqual(derived, new ReadOnlySpan<byte>(hash, Sha256.HashSize));
        }
    }

    /// <summary>Takes the text up to the next colon off.</summary>
    private static ReadOnlySpan<byte> Take(scoped ref ReadOnlySpan<byte> text)
    {
        int end = AsciiText.IndexOf(text, Separator);
        ReadOnlySpan<byte> part = text.Slice(0, end < 0 ? text.Length : end);
        text = text.Slice(end < 0 ? text.Length : end + 1);
        return part;
    }
}
