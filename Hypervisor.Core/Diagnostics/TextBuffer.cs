using System;

namespace Hypervisor.Core.Diagnostics;

/// <summary>Writes text, numbers in hexadecimal and decimal, into bytes that the caller owns. Allocates nothing and cannot fail: what does
/// not fit is cut off.</summary>
/// <param name="storage">Where the text goes; ASCII or UTF-8, no terminator.</param>
public ref struct TextBuffer(Span<byte> storage)
{
    /// <summary>Hexadecimal digits of a 64-bit value.</summary>
    public const int MaximumHexDigits = 16;

    private const int MaximumDecimalDigits = 20;
    private const int DecimalBase = 10;
    private const int BitsPerHexDigit = 4;

    private readonly Span<byte> _storage = storage;
    private int _length;
    private bool _isTruncated;

    internal static ReadOnlySpan<byte> HexDigits => "0123456789ABCDEF"u8;

    /// <summary>Bytes written so far.</summary>
    public readonly int Length => _length;

    /// <summary>Something did not fit.</summary>
    public readonly bool IsTruncated => _isTruncated;

    /// <summary>The text so far.</summary>
    public readonly ReadOnlySpan<byte> Written => _storage.Slice(0, _length);

    /// <summary>Starts over.</summary>
    public void Clear()
    {
        _length = 0;
        _isTruncated = false;
    }

    /// <summary>Appends one byte.</summary>
    /// <param name="value">The byte, as it is.</param>
    public void AppendByte(byte value)
    {
        if (_length < _storage.Length)
        {
            _storage[_length] = value;
            _length++;
        }
        else
        {
            _isTruncated = true;
        }
    }

    /// <summary>Appends text.</summary>
    /// <param name="text">The text, usually a u8 literal.</param>
    public void Append(scoped ReadOnlySpan<byte> text)
    {
        for (int index = 0; index < text.Length; index++)
        {
            AppendByte(text[index]);
        }
    }

    /// <summary>Appends a line feed.</summary>
    public void AppendLineFeed() => AppendByte((byte)'\n');

    /// <summary>Appends a number in hexadecimal, upper case, without prefix.</summary>
    /// <param name="value">The number.</param>
    /// <param name="digits">Least number of digits, 1 to 16; a larger number takes as many as it needs.</param>
    public void AppendHex(ulong value, int digits = 1)
    {
        int shift = MaximumHexDigits * BitsPerHexDigit;
        int least = digits * BitsPerHexDigit;
        bool isLeading = true;
        while (shift > 0)
        {
            bool isWanted = shift <= least || shift == BitsPerHexDigit;
            shift -= BitsPerHexDigit;
            int digit = (int)(value >> shift) & 0xF;
            isLeading = isLeading && digit == 0 && !isWanted;
            if (!isLeading)
            {
                AppendByte(HexDigits[digit]);
            }
        }
    }

    /// <summary>Appends a number in decimal.</summary>
    /// <param name="value">The number.</param>
    /// <param name="width">Least number of characters, 0 to 20; shorter numbers get spaces in front.</param>
    public void AppendDecimal(ulong value, int width = 0)
    {
        ulong divisor = 1;
        int digits = 1;
        while (value / divisor >= DecimalBase)
        {
            divisor *= DecimalBase;
            digits++;
        }

        for (int padding = Math.Min(width, MaximumDecimalDigits) - digits; padding > 0; padding--)
        {
            AppendByte((byte)' ');
        }

        while (divisor != 0)
        {
            AppendByte((byte)('0' + (int)(value / divisor % DecimalBase)));
            divisor /= DecimalBase;
        }
    }

    /// <summary>Appends a signed number in decimal, with a minus sign where it is negative.</summary>
    /// <param name="value">The number.</param>
    public void AppendSigned(long value)
    {
        if (value < 0)
        {
            AppendByte((byte)'-');
            AppendDecimal(0 - (ulong)value);
        }
        else
        {
            AppendDecimal((ulong)value);
        }
    }
}
