using System;
using Hypervisor.Core.Cryptography;

namespace Hypervisor.Core.Diagnostics;

/// <summary>The key of the hypercall interface: the hash of the secret, which itself is kept nowhere. All zeros: there is none.</summary>
public unsafe struct HypercallKey
{
    private fixed byte _bytes[Sha256.HashSize];

    /// <summary>Whether there is a key: without one the interface is closed.</summary>
    public readonly bool IsSet
    {
        get
        {
            byte all = 0;
            for (int i = 0; i < Sha256.HashSize; i++)
            {
                all |= _bytes[i];
            }

            return all != 0;
        }
    }

    /// <summary>Makes the key of a secret.</summary>
    public void Derive(ReadOnlySpan<byte> secret)
    {
        fixed (byte* bytes = _bytes)
        {
            Sha256.Compute(secret, new Span<byte>(bytes, Sha256.HashSize));
        }
    }

    /// <summary>Forgets the key.</summary>
    public void Wipe()
    {
        fixed (byte* bytes = _bytes)
        {
            SecretBytes.Wipe(new Span<byte>(bytes, Sha256.HashSize));
        }
    }

    /// <summary>The code of a call, see <see cref="HypercallProtocol.Authenticate"/>.</summary>
    public void Authenticate(HypercallFunction function, ulong first, ulong second, ulong number, out ulong low, out ulong high)
    {
        Span<byte> code = stackalloc byte[HypercallProtocol.CodeSize];
        fixed (byte* bytes = _bytes)
        {
            HypercallProtocol.Authenticate(new ReadOnlySpan<byte>(bytes, Sha256.HashSize), function, first, second, number, code);
        }

        low = LittleEndian.Read64(code, 0);
        high = LittleEndian.Read64(code, sizeof(ulong));
    }
}
