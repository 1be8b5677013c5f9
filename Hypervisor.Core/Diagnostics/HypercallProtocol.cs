using System;
using Hypervisor.Core.Cryptography;

namespace Hypervisor.Core.Diagnostics;

/// <summary>
/// The calls a guest may make of the host with VMMCALL or VMCALL, as both sides see them. RAX holds <see cref="Signature"/>, RCX the function; anything else is
/// #UD, as if there were no host (C11), and so is a call that lacks the secret.
/// </summary>
/// <remarks>
/// <para>The key is the SHA-256 of the secret. Both sides know it; it never travels. A caller first proves with a constant code that it knows the key, which
/// gives it the number of its processor (<see cref="HypercallFunction.Challenge"/>). Every other call carries a code over function, arguments and that number,
/// and the number goes up by one with each call that is answered: what was overheard once is of no use again. The caller stays on one processor.</para>
/// <para>Arguments are in RDX and R8, the code in R9 and R10. An answer is in RAX, its data in RCX, RDX, R8 to R11.</para>
/// </remarks>
public static class HypercallProtocol
{
    /// <summary>RAX of every call: "hv-call\0" in ASCII, first letter lowest.</summary>
    public const ulong Signature = 0x006C_6C61_632D_7668;

    /// <summary>RAX of the answer to a challenge: what no other hypervisor answers.</summary>
    public const ulong ChallengeAnswer = ~Signature;

    /// <summary>RAX of an answer: there is no such page, processor, mediator, counter, record or position.</summary>
    public const ulong NoSuchItem = ulong.MaxValue;

    /// <summary>Most bytes of data in an answer.</summary>
    public const int DataSize = 6 * sizeof(ulong);

    /// <summary>Most bytes of data in an answer whose first register says something else.</summary>
    public const int ShortDataSize = 5 * sizeof(ulong);

    /// <summary>Numbers of exits in an answer.</summary>
    public const int CountsPerCall = 6;

    /// <summary>Shortest secret, in characters.</summary>
    public const int MinimumSecretLength = 12;

    /// <summary>Longest secret, in characters.</summary>
    public const int MaximumSecretLength = 64;

    private const int Words = 5;

    /// <summary>Makes the code of a call.</summary>
    /// <param name="key">The key.</param>
    /// <param name="function">Function.</param>
    /// <param name="first">First argument; 0 for a challenge.</param>
    /// <param name="second">Second argument; 0 for a challenge.</param>
    /// <param name="number">The number of the caller's processor; 0 for a challenge.</param>
    /// <param name="code">The first 16 bytes of the HMAC.</param>
    public static void Authenticate(ReadOnlySpan<byte> key, HypercallFunction function, ulong first, ulong second, ulong number, Span<byte> code)
    {
        Span<byte> message = stackalloc byte[Words * sizeof(ulong)];
        Span<byte> whole = stackalloc byte[Sha256.HashSize];
        LittleEndian.Write64(message, 0, Signature);
        LittleEndian.Write64(message, sizeof(ulong), (ulong)function);
        LittleEndian.Write64(message, 2 * sizeof(ulong), first);
        LittleEndian.Write64(message, 3 * sizeof(ulong), second);
        LittleEndian.Write64(message, 4 * sizeof(ulong), number);
        HmacSha256.Compute(key, message, whole);
        whole.Slice(0, CodeSize).CopyTo(code);
    }

    /// <summary>Bytes of a code: two registers.</summary>
    public const int CodeSize = 2 * sizeof(ulong);
}
