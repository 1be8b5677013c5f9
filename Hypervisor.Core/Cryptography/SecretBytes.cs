using System;
using System.Runtime.CompilerServices;

namespace Hypervisor.Core.Cryptography;

/// <summary>What must not depend on, or leave behind, the contents of a secret.</summary>
public static class SecretBytes
{
    /// <summary>Whether both are the same, found in a time that depends on their length alone.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool AreEqual(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        int difference = left.Length ^ right.Length;
        int length = Math.Min(left.Length, right.Length);
        for (int i = 0; i < length; i++)
        {
            difference |= left[i] ^ right[i];
        }

        return difference == 0;
    }

    /// <summary>Overwrites a secret with zeros. Never inlined: stores that nobody reads must not be optimised away.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Wipe(Span<byte> secret) => secret.Clear();
}
