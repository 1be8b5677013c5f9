using System;

namespace Hypervisor.Core.Cryptography;

/// <summary>Key expansion of AES (FIPS 197 §5.2), with 128 or 256 bits.</summary>
internal static class AesKeys
{
    /// <summary>Bytes of a block and of a round key.</summary>
    internal const int BlockSize = 16;

    private const int WordSize = 4;
    private const int LongKeySize = 32;
    private const int RoundsBeyondWords = 6; // rounds = words of the key + 6 (FIPS 197 figure 4)
    private const int TopBit = 7;
    private const byte Polynomial = 0x1B; // x^8 + x^4 + x^3 + x + 1 without its highest term (FIPS 197 §4.2)

    // FIPS 197 figure 7.
    private static ReadOnlySpan<byte> Substitution =>
    [
        0x63, 0x7C, 0x77, 0x7B, 0xF2, 0x6B, 0x6F, 0xC5, 0x30, 0x01, 0x67, 0x2B, 0xFE, 0xD7, 0xAB, 0x76,
        0xCA, 0x82, 0xC9, 0x7D, 0xFA, 0x59, 0x47, 0xF0, 0xAD, 0xD4, 0xA2, 0xAF, 0x9C, 0xA4, 0x72, 0xC0,
        0xB7, 0xFD, 0x93, 0x26, 0x36, 0x3F, 0xF7, 0xCC, 0x34, 0xA5, 0xE5, 0xF1, 0x71, 0xD8, 0x31, 0x15,
        0x04, 0xC7, 0x23, 0xC3, 0x18, 0x96, 0x05, 0x9A, 0x07, 0x12, 0x80, 0xE2, 0xEB, 0x27, 0xB2, 0x75,
        0x09, 0x83, 0x2C, 0x1A, 0x1B, 0x6E, 0x5A, 0xA0, 0x52, 0x3B, 0xD6, 0xB3, 0x29, 0xE3, 0x2F, 0x84,
        0x53, 0xD1, 0x00, 0xED, 0x20, 0xFC, 0xB1, 0x5B, 0x6A, 0xCB, 0xBE, 0x39, 0x4A, 0x4C, 0x58, 0xCF,
        0xD0, 0xEF, 0xAA, 0xFB, 0x43, 0x4D, 0x33, 0x85, 0x45, 0xF9, 0x02, 0x7F, 0x50, 0x3C, 0x9F, 0xA8,
        0x51, 0xA3, 0x40, 0x8F, 0x92, 0x9D, 0x38, 0xF5, 0xBC, 0xB6, 0xDA, 0x21, 0x10, 0xFF, 0xF3, 0xD2,
        0xCD, 0x0C, 0x13, 0xEC, 0x5F, 0x97, 0x44, 0x17, 0xC4, 0xA7, 0x7E, 0x3D, 0x64, 0x5D, 0x19, 0x73,
        0x60, 0x81, 0x4F, 0xDC, 0x22, 0x2A, 0x90, 0x88, 0x46, 0xEE, 0xB8, 0x14, 0xDE, 0x5E, 0x0B, 0xDB,
        0xE0, 0x32, 0x3A, 0x0A, 0x49, 0x06, 0x24, 0x5C, 0xC2, 0xD3, 0xAC, 0x62, 0x91, 0x95, 0xE4, 0x79,
        0xE7, 0xC8, 0x37, 0x6D, 0x8D, 0xD5, 0x4E, 0xA9, 0x6C, 0x56, 0xF4, 0xEA, 0x65, 0x7A, 0xAE, 0x08,
        0xBA, 0x78, 0x25, 0x2E, 0x1C, 0xA6, 0xB4, 0xC6, 0xE8, 0xDD, 0x74, 0x1F, 0x4B, 0xBD, 0x8B, 0x8A,
        0x70, 0x3E, 0xB5, 0x66, 0x48, 0x03, 0xF6, 0x0E, 0x61, 0x35, 0x57, 0xB9, 0x86, 0xC1, 0x1D, 0x9E,
        0xE1, 0xF8, 0x98, 0x11, 0x69, 0xD9, 0x8E, 0x94, 0x9B, 0x1E, 0x87, 0xE9, 0xCE, 0x55, 0x28, 0xDF,
        0x8C, 0xA1, 0x89, 0x0D, 0xBF, 0xE6, 0x42, 0x68, 0x41, 0x99, 0x2D, 0x0F, 0xB0, 0x54, 0xBB, 0x16,
    ];

    /// <summary>Number of rounds.</summary>
    /// <param name="keySize">Bytes of the key: 16 or 32.</param>
    internal static int Rounds(int keySize) => (keySize / WordSize) + RoundsBeyondWords;

    /// <summary>Expands a key.</summary>
    /// <param name="key">16 or 32 bytes.</param>
    /// <param name="keys">Where the round keys go, one more than there are rounds.</param>
    internal static void Expand(ReadOnlySpan<byte> key, Span<byte> keys)
    {
        key.CopyTo(keys);
        byte constant = 1;
        int end = (Rounds(key.Length) + 1) * BlockSize;
        for (int at = key.Length; at < end; at += WordSize)
        {
            bool rotates = at % key.Length == 0;
            bool substitutes = rotates || (key.Length == LongKeySize && at % key.Length == BlockSize);
            for (int i = 0; i < WordSize; i++)
            {
                byte before = keys[at - WordSize + (rotates ? (i + 1) % WordSize : i)];
                keys[at + i] = (byte)(keys[at - key.Length + i] ^ (substitutes ? Substitution[before] : before));
            }

            if (rotates)
            {
                keys[at] ^= constant;
                constant = Double(constant);
            }
        }
    }

    /// <summary>The round keys of the equivalent inverse cipher (FIPS 197 §5.3.5), in the order of their use.</summary>
    /// <param name="encryption">Round keys.</param>
    /// <param name="rounds">Number of rounds.</param>
    /// <param name="decryption">Where they go.</param>
    internal static void Invert(ReadOnlySpan<byte> encryption, int rounds, Span<byte> decryption)
    {
        for (int round = 0; round <= rounds; round++)
        {
            Span<byte> key = decryption.Slice(round * BlockSize, BlockSize);
            encryption.Slice((rounds - round) * BlockSize, BlockSize).CopyTo(key);
            for (int column = 0; column < BlockSize && round != 0 && round != rounds; column += WordSize)
            {
                UnmixColumn(key.Slice(column, WordSize));
            }
        }
    }

    /// <summary>InvMixColumns (FIPS 197 §5.3.3): MixColumns of the column with 4 times the sum of its even, or odd, bytes added to these.</summary>
    private static void UnmixColumn(Span<byte> column)
    {
        byte even = Double(Double((byte)(column[0] ^ column[2])));
        byte odd = Double(Double((byte)(column[1] ^ column[3])));
        byte a = (byte)(column[0] ^ even);
        byte b = (byte)(column[1] ^ odd);
        byte c = (byte)(column[2] ^ even);
        byte d = (byte)(column[3] ^ odd);
        column[0] = (byte)(Double((byte)(a ^ b)) ^ b ^ c ^ d);
        column[1] = (byte)(Double((byte)(b ^ c)) ^ c ^ d ^ a);
        column[2] = (byte)(Double((byte)(c ^ d)) ^ d ^ a ^ b);
        column[3] = (byte)(Double((byte)(d ^ a)) ^ a ^ b ^ c);
    }

    /// <summary>Times x in the field of AES (FIPS 197 §4.2.1).</summary>
    private static byte Double(byte value) => (byte)((value << 1) ^ ((value >> TopBit) * Polynomial));
}
