using System;
using System.Runtime.InteropServices;

namespace Hypervisor.Core.Cryptography;

/// <summary>The round keys of AES in mode XTS, laid out for the processor's AES instructions.</summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
public unsafe struct XtsSchedule
{
    /// <summary>Bytes.</summary>
    public const int Size = Decryption + KeysSize;

    /// <summary>Offset of <see cref="TweakKeys"/>.</summary>
    public const int Tweak = 16;

    /// <summary>Offset of <see cref="EncryptionKeys"/>.</summary>
    public const int Encryption = Tweak + KeysSize;

    /// <summary>Offset of <see cref="DecryptionKeys"/>.</summary>
    public const int Decryption = Encryption + KeysSize;

    /// <summary>Bytes of the longest schedule: 15 round keys of 16 bytes (FIPS 197 §5).</summary>
    public const int KeysSize = 15 * AesKeys.BlockSize;

    /// <summary>10 with keys of 128 bits, 14 with keys of 256; 0 without a key.</summary>
    [FieldOffset(0)]
    public uint Rounds;

    /// <summary>Round keys that encrypt the tweak.</summary>
    [FieldOffset(Tweak)]
    public fixed byte TweakKeys[KeysSize];

    /// <summary>Round keys that encrypt data.</summary>
    [FieldOffset(Encryption)]
    public fixed byte EncryptionKeys[KeysSize];

    /// <summary>Round keys of the equivalent inverse cipher (FIPS 197 §5.3.5), in the order of their use.</summary>
    [FieldOffset(Decryption)]
    public fixed byte DecryptionKeys[KeysSize];

    /// <summary>Fills the schedule.</summary>
    /// <param name="key">The key for data, then the one for tweaks: 32 or 64 bytes.</param>
    public void Expand(ReadOnlySpan<byte> key)
    {
        int half = key.Length / 2;
        int rounds = AesKeys.Rounds(half);
        fixed (XtsSchedule* schedule = &this)
        {
            Span<byte> encryption = new(schedule->EncryptionKeys, KeysSize);
            AesKeys.Expand(key.Slice(0, half), encryption);
            AesKeys.Invert(encryption, rounds, new Span<byte>(schedule->DecryptionKeys, KeysSize));
            AesKeys.Expand(key.Slice(half), new Span<byte>(schedule->TweakKeys, KeysSize));
        }

        Rounds = (uint)rounds;
    }
}
