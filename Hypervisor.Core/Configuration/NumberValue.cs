using System;

namespace Hypervisor.Core.Configuration;

/// <summary>A value that is a number: decimal or, with 0x in front, hexadecimal; K, M or G behind it multiply by powers of 1024.</summary>
public static class NumberValue
{
    private const ulong DecimalBase = 10;
    private const ulong HexBase = 16;
    private const int KibiShift = 10;

    /// <summary>Reads a number.</summary>
    /// <param name="text">The text.</param>
    /// <param name="minimum">Least value accepted.</param>
    /// <param name="maximum">Greatest value accepted.</param>
    /// <param name="value">The number; 0 where there is a problem.</param>
    /// <returns>What is wrong; empty where nothing is.</returns>
    public static ReadOnlySpan<byte> Read(ReadOnlySpan<byte> text, ulong minimum, ulong maximum, out ulong value)
    {
        value = 0;
        bool isNegative = text.Length > 1 && text[0] == '-';
        if (!TrySplit(isNegative ? text.Slice(1) : text, out ReadOnlySpan<byte> digits, out ulong numberBase, out int shift))
        {
            return "not a number"u8;
        }

        ulong number = 0;
        bool fits = true;
        for (int i = 0; i < digits.Length; i++)
        {
            int digit = AsciiText.HexDigit(digits[i]);
            if (digit < 0 || (ulong)digit >= numberBase)
            {
                return "not a number"u8;
            }

            fits &= number <= (ulong.MaxValue - (ulong)digit) / numberBase;
            number = (number * numberBase) + (ulong)digit;
        }

        fits &= number <= ulong.MaxValue >> shift;
        number <<= shift;
        if (isNegative || !fits || number < minimum || number > maximum)
        {
            return "out of range"u8;
        }

        value = number;
        return default;
    }

    private static bool TrySplit(ReadOnlySpan<byte> text, out ReadOnlySpan<byte> digits, out ulong numberBase, out int shift)
    {
        bool isHex = AsciiText.StartsWith(text, "0x"u8) || AsciiText.StartsWith(text, "0X"u8);
        digits = isHex ? text.Slice(2) : text;
        numberBase = isHex ? HexBase : DecimalBase;
        shift = digits.IsEmpty ? 0 : digits[digits.Length - 1] switch
        {
            (byte)'K' => KibiShift,
            (byte)'M' => 2 * KibiShift,
            (byte)'G' => 3 * KibiShift,
            _ => 0,
        };
        digits = shift == 0 ? digits : digits.Slice(0, digits.Length - 1);
        return !digits.IsEmpty;
    }
}
