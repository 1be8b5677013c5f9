using System;
using Hypervisor.Core.Guest.Decoding;

namespace Hypervisor.Tests.Unit.Guest.Decoding;

/// <summary>Random instruction bytes: plain noise, noise behind prefixes, and noise behind the opcode families that noise rarely
/// reaches.</summary>
internal sealed class CodeBytes(int seed)
{
    private static readonly byte[] s_prefixes =
        [0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x66, 0x67, 0x67, 0xF0, 0xF2, 0xF3, 0x40, 0x48, 0x4C, 0x4F, 0x44];

    private readonly Random _random = new(seed);

    public void Fill(Span<byte> code)
    {
        _random.NextBytes(code);
        int position = 0;
        for (int prefixes = _random.Next(8) switch { < 3 => 0, < 6 => 1, 6 => 2, _ => _random.Next(15) }; prefixes > 0; prefixes--)
        {
            code[position++] = s_prefixes[_random.Next(s_prefixes.Length)];
        }

        switch (_random.Next(8))
        {
            case 0:
                Put(code, position, 0x0F);
                break;
            case 1:
                Put(code, position, 0x0F);
                Put(code, position + 1, _random.Next(2) == 0 ? (byte)0x38 : (byte)0x3A);
                break;
            case 2:
                Put(code, position, _random.Next(4) switch { 0 => 0xC4, 1 => 0xC5, 2 => 0x62, _ => 0x8F });
                if (_random.Next(2) == 0)
                {
                    // A likely map, or the form that 32-bit code needs.
                    Put(code, position + 1, (byte)((_random.Next(8) << 5) | _random.Next(11)));
                }

                break;
        }
    }

    public CodeWidth NextWidth() => (CodeWidth)_random.Next(3);

    public int Next(int limit) => _random.Next(limit);

    public byte Pick(ReadOnlySpan<byte> choices) => choices[_random.Next(choices.Length)];

    private static void Put(Span<byte> code, int position, byte value)
    {
        if (position < code.Length)
        {
            code[position] = value;
        }
    }
}
