using System;

namespace Hypervisor.Core.Cryptography;

/// <summary>PBKDF2 with HMAC-SHA-256 (RFC 8018 §5.2): makes every guess of a password cost as many hashes as one likes.</summary>
public static class Pbkdf2
{
    /// <summary>Longest salt.</summary>
    public const int MaximumSaltSize = 64;

    private const int CounterSize = 4;

    /// <summary>Derives a key.</summary>
    /// <param name="password">The password.</param>
    /// <param name="salt">The salt, at most <see cref="MaximumSaltSize"/> bytes.</param>
    /// <param name="iterations">Iterations, at least 1.</param>
    /// <param name="key">Where the key goes; it is as long as this.</param>
    public static void Derive(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, uint iterations, Span<byte> key)
    {
        HmacSha256 hmac = default;
        hmac.SetKey(password);
        Span<byte> message = stackalloc byte[MaximumSaltSize + CounterSize];
        Span<byte> code = stackalloc byte[Sha256.HashSize];
        Span<byte> sum = stackalloc byte[Sha256.HashSize];
        salt.CopyTo(message);
        uint number = 1;
        for (int done = 0; done < key.Length; done += Sha256.HashSize, number++)
        {
            for (int i = 0; i < CounterSize; i++)
            {
                message[salt.Length + i] = (byte)(number >> ((CounterSize - 1 - i) * 8));
            }

            hmac.Compute(message.Slice(0, salt.Length + CounterSize), code);
            code.CopyTo(sum);
            for (uint iteration = 1; iteration < iterations; iteration++)
            {
                hmac.Compute(code, code);
                for (int i = 0; i < Sha256.HashSize; i++)
                {
                    sum[i] ^= code[i];
                }
            }

            sum.Slice(0, Math.Min(Sha256.HashSize, key.Length - done)).CopyTo(key.Slice(done));
        }

        code.Clear();
        sum.Clear();
        hmac.SetKey(default);
    }
}
