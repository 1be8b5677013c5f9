using System;
using Hypervisor.Core.Cryptography;

namespace Hypervisor.Devices.Ahci;

/// <summary>
/// What the configuration knows of a key that is made of a passphrase, so that a wrong one is noticed: the first bytes of an HMAC-SHA-256 with the key. It tells no more of
/// the key than a guess of the passphrase that has been gone through with (RFC 2104 §6).
/// </summary>
public static class DiskKeyCheck
{
    /// <summary>Its bytes.</summary>
    public const int Size = 8;

    private static ReadOnlySpan<byte> Message => "hv disk key"u8;

    /// <summary>Makes it.</summary>
    /// <param name="key">The key.</param>
    /// <param name="check">Where the <see cref="Size"/> bytes go.</param>
    public static void Compute(ReadOnlySpan<byte> key, Span<byte> check)
    {
        Span<byte> code = stackalloc byte[Sha256.HashSize];
        HmacSha256 hmac = default;
        hmac.SetKey(key);
        hmac.Compute(Message, code);
        hmac.SetKey(default); // what is left on the stack the guest can read
        code.Slice(0, Size).CopyTo(check);
    }

    /// <summary>Whether it is that of a key.</summary>
    public static bool Matches(ReadOnlySpan<byte> key, ReadOnlySpan<byte> check)
    {
        Span<byte> own = stackalloc byte[Size];
        Compute(key, own);
        return SecretBytes.AreEqual(own, check);
    }
}
