using System;

namespace Hypervisor.Core.Cryptography;

/// <summary>SHA-256 (FIPS 180-4 §6.2), a message in pieces. Allocates nothing; a copy of the structure is a copy of the state.</summary>
public unsafe struct Sha256
{
    /// <summary>Bytes of a hash.</summary>
    public const int HashSize = 32;

    /// <summary>Bytes of a block.</summary>
    public const int BlockSize = 64;

    private const int StateWords = 8;
    private const int ScheduleWords = 16;
    private const int Rounds = 64;
    private const int LengthSize = 8;
    private const int BitsPerByte = 8;
    private const byte Padding = 0x80;

    private fixed uint _state[StateWords];
    private fixed byte _block[BlockSize];
    private fixed uint _schedule[ScheduleWords];
    private ulong _length;

    // FIPS 180-4 §4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes.
    private static ReadOnlySpan<uint> Constants =>
    [
        0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5, 0x3956C25B, 0x59F111F1, 0x923F82A4, 0xAB1C5ED5,
        0xD807AA98, 0x12835B01, 0x243185BE, 0x550C7DC3, 0x72BE5D74, 0x80DEB1FE, 0x9BDC06A7, 0xC19BF174,
        0xE49B69C1, 0xEFBE4786, 0x0FC19DC6, 0x240CA1CC, 0x2DE92C6F, 0x4A7484AA, 0x5CB0A9DC, 0x76F988DA,
        0x983E5152, 0xA831C66D, 0xB00327C8, 0xBF597FC7, 0xC6E00BF3, 0xD5A79147, 0x06CA6351, 0x14292967,
        0x27B70A85, 0x2E1B2138, 0x4D2C6DFC, 0x53380D13, 0x650A7354, 0x766A0ABB, 0x81C2C92E, 0x92722C85,
        0xA2BFE8A1, 0xA81A664B, 0xC24B8B70, 0xC76C51A3, 0xD192E819, 0xD6990624, 0xF40E3585, 0x106AA070,
        0x19A4C116, 0x1E376C08, 0x2748774C, 0x34B0BCB5, 0x391C0CB3, 0x4ED8AA4A, 0x5B9CCA4F, 0x682E6FF3,
        0x748F82EE, 0x78A5636F, 0x84C87814, 0x8CC70208, 0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7, 0xC67178F2,
    ];

    // FIPS 180-4 §5.3.3: the same of the square roots of the first eight primes.
    private static ReadOnlySpan<uint> InitialState =>
        [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19];

    /// <summary>The hash of a whole message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="hash">Where the <see cref="HashSize"/> bytes go.</param>
    public static void Compute(ReadOnlySpan<byte> message, Span<byte> hash)
    {
        Sha256 sha = default;
        sha.Start();
        sha.Append(message);
        sha.Finish(hash);
    }

    /// <summary>Begins a message.</summary>
    public void Start()
    {
        _length = 0;
        for (int i = 0; i < StateWords; i++)
        {
            _state[i] = InitialState[i];
        }
    }

    /// <summary>Adds bytes to the message.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            Append(bytes[i]);
        }
    }

    /// <summary>Ends the message and gives its hash; what the structure knew of the message is wiped.</summary>
    /// <param name="hash">Where the <see cref="HashSize"/> bytes go.</param>
    public void Finish(Span<byte> hash)
    {
        ulong bits = _length * BitsPerByte;
        Append(Padding);
        while (_length % BlockSize != BlockSize - LengthSize)
        {
            Append(0);
        }

        for (int shift = (LengthSize - 1) * BitsPerByte; shift >= 0; shift -= BitsPerByte)
        {
            Append((byte)(bits >> shift));
        }

        for (int i = 0; i < HashSize; i++)
        {
            hash[i] = (byte)(_state[i / sizeof(uint)] >> ((sizeof(uint) - 1 - (i % sizeof(uint))) * BitsPerByte));
        }

        for (int i = 0; i < BlockSize; i++)
        {
            _block[i] = 0;
        }

        for (int i = 0; i < ScheduleWords; i++)
        {
            _schedule[i] = 0;
        }

        Start();
    }

    private void Append(byte value)
    {
        _block[(int)(_length % BlockSize)] = value;
        _length++;
        if (_length % BlockSize == 0)
        {
            Compress();
        }
    }

    private void Compress()
    {
        for (int i = 0; i < ScheduleWords; i++)
        {
            int at = i * sizeof(uint);
            _schedule[i] = ((uint)_block[at] << 24) | ((uint)_block[at + 1] << 16) | ((uint)_block[at + 2] << 8) | _block[at + 3];
        }

        uint a = _state[0];
        uint b = _state[1];
        uint c = _state[2];
        uint d = _state[3];
        uint e = _state[4];
        uint f = _state[5];
        uint g = _state[6];
        uint h = _state[7];
        for (int i = 0; i < Rounds; i++)
        {
            uint word = i < ScheduleWords ? _schedule[i] : Extend(i);
            uint first = h + (Rotate(e, 6) ^ Rotate(e, 11) ^ Rotate(e, 25)) + ((e & f) ^ (~e & g)) + Constants[i] + word;
            uint second = (Rotate(a, 2) ^ Rotate(a, 13) ^ Rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
            h = g;
            g = f;
            f = e;
            e = d + first;
            d = c;
            c = b;
            b = a;
            a = first + second;
        }

        _state[0] += a;
        _state[1] += b;
        _state[2] += c;
        _state[3] += d;
        _state[4] += e;
        _state[5] += f;
        _state[6] += g;
        _state[7] += h;
    }

    /// <summary>The word of round <paramref name="round"/>, in place of the one of 16 rounds before, which nobody needs any more.</summary>
    private uint Extend(int round)
    {
        uint near = _schedule[(round - 2) % ScheduleWords];
        uint far = _schedule[(round - 15) % ScheduleWords];
        uint word = (Rotate(near, 17) ^ Rotate(near, 19) ^ (near >> 10)) + _schedule[(round - 7) % ScheduleWords]
            + (Rotate(far, 7) ^ Rotate(far, 18) ^ (far >> 3)) + _schedule[round % ScheduleWords];
        _schedule[round % ScheduleWords] = word;
        return word;
    }

    private static uint Rotate(uint value, int count) => (value >> count) | (value << (32 - count));
}
