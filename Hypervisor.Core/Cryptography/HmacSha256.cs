using System;

namespace Hypervisor.Core.Cryptography;

/// <summary>HMAC-SHA-256 (RFC 2104, FIPS 198-1) with one key for many messages: the key's two blocks are hashed once.</summary>
public unsafe struct HmacSha256
{
    private const byte InnerPad = 0x36;
    private const byte OuterPad = 0x5C;

    private Sha256 _inner;
    private Sha256 _outer;

    /// <summary>The code of one message.</summary>
    /// <param name="key">The key, of any length.</param>
    /// <param name="message">The message.</param>
    /// <param name="code">Where the <see cref="Sha256.HashSize"/> bytes go.</param>
    public static void Compute(ReadOnlySpan<byte> key, ReadOnlySpan<byte> message, Span<byte> code)
    {
        HmacSha256 hmac = default;
        hmac.SetKey(key);
        hmac.Compute(message, code);
    }

    /// <summary>Takes a key.</summary>
    /// <param name="key">The key, of any length.</param>
    public void SetKey(ReadOnlySpan<byte> key)
    {
        Span<byte> block = stackalloc byte[Sha256.BlockSize];
        block.Clear();
        if (key.Length > Sha256.BlockSize)
        {
            Sha256.Compute(key, block);
        }
        else
        {
            key.CopyTo(block);
        }

        Begin(ref _inner, block, InnerPad);
        Begin(ref _outer, block, InnerPad ^ OuterPad);
        block.Clear();
    }

    /// <summary>The code of a message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="code">Where the <see cref="Sha256.HashSize"/> bytes go; may be the message itself.</param>
    public readonly void Compute(ReadOnlySpan<byte> message, Span<byte> code)
    {
        Span<byte> hash = stackalloc byte[Sha256.HashSize];
        Sha256 sha = _inner;
        sha.Append(message);
        sha.Finish(hash);
        sha = _outer;
        sha.Append(hash);
        sha.Finish(code);
    }

    /// <summary>Begins a hash with the key's block under a pad; the block comes back padded, and the next pad takes this one off with it.</summary>
    private static void Begin(ref Sha256 sha, Span<byte> block, byte pad)
    {
        for (int i = 0; i < block.Length; i++)
        {
            block[i] ^= pad;
        }

        sha.Start();
        sha.Append(block);
    }
}
