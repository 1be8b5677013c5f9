using System;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Hypervisor.Core.Cryptography;

namespace Hypervisor.Tests.Models;

/// <summary>What the AES instructions do for XTS, by the platform's cipher: only the first round keys, which are the key itself, are used.</summary>
internal static unsafe class SimulatedAes
{
    private const int BlockSize = 16;
    private const int LongRounds = 14;
    private const byte Feedback = 0x87;

    [ThreadStatic]
    private static (byte[] Data, byte[] Tweak, Aes DataCipher, Aes TweakCipher)? s_ciphers;

    internal static void Encrypt(XtsSchedule* schedule, byte* data, ulong blocks, byte* tweak) => Transform(schedule, data, blocks, tweak, encrypts: true);

    internal static void Decrypt(XtsSchedule* schedule, byte* data, ulong blocks, byte* tweak) => Transform(schedule, data, blocks, tweak, encrypts: false);

    private static void Transform(XtsSchedule* schedule, byte* data, ulong blocks, byte* tweak, bool encrypts)
    {
        int keySize = schedule->Rounds == LongRounds ? 2 * BlockSize : BlockSize;
        (Aes dataCipher, Aes tweakCipher) = Ciphers(new ReadOnlySpan<byte>(schedule->EncryptionKeys, keySize), new ReadOnlySpan<byte>(schedule->TweakKeys, keySize));
        Span<byte> unit = new(data, (int)blocks * BlockSize);
        byte[] masks = new byte[unit.Length];
        UInt128 mask = MemoryMarshal.Read<UInt128>(tweakCipher.EncryptEcb(new ReadOnlySpan<byte>(tweak, BlockSize), PaddingMode.None));
        foreach (ref UInt128 each in MemoryMarshal.Cast<byte, UInt128>(masks.AsSpan()))
        {
            each = mask;
            mask = (mask << 1) ^ (mask >> 127 == 0 ? 0u : Feedback);
        }

        Xor(unit, masks);
        byte[] result = encrypts ? dataCipher.EncryptEcb(unit, PaddingMode.None) : dataCipher.DecryptEcb(unit, PaddingMode.None);
        result.CopyTo(unit);
        Xor(unit, masks);
    }

    private static void Xor(Span<byte> unit, byte[] masks)
    {
        for (int i = 0; i < unit.Length; i++)
        {
            unit[i] ^= masks[i];
        }
    }

    private static (Aes Data, Aes Tweak) Ciphers(ReadOnlySpan<byte> data, ReadOnlySpan<byte> tweak)
    {
        if (s_ciphers is not { } known || !data.SequenceEqual(known.Data) || !tweak.SequenceEqual(known.Tweak))
        {
            known = (data.ToArray(), tweak.ToArray(), Aes.Create(), Aes.Create());
            known.DataCipher.Key = known.Data;
            known.TweakCipher.Key = known.Tweak;
            s_ciphers = known;
        }

        return (known.DataCipher, known.TweakCipher);
    }
}
