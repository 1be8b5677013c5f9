using System;

namespace Hypervisor.Core.Configuration;

/// <summary>The few things that reading a configuration or a command line takes to do with text.</summary>
public static class AsciiText
{
    private const byte Blank = (byte)' ';

    /// <summary>Whether both are the same.</summary>
    public static bool Same(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) => left.Length == right.Length && StartsWith(left, right);

    /// <summary>Whether a text begins with another.</summary>
    public static bool StartsWith(ReadOnlySpan<byte> text, ReadOnlySpan<byte> beginning)
    {
        if (text.Length < beginning.Length)
        {
            return false;
        }

        for (int i = 0; i < beginning.Length; i++)
        {
            if (text[i] != beginning[i])
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Where a byte is for the first time; -1 when it is not there.</summary>
    public static int IndexOf(ReadOnlySpan<byte> text, byte value)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == value)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>The text without blanks and control characters at its ends.</summary>
    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text)
    {
        int start = 0;
        int end = text.Length;
        while (start < end && text[start] <= Blank)
        {
            start++;
        }

        while (end > start && text[end - 1] <= Blank)
        {
            end--;
        }

        return text.Slice(start, end - start);
    }

    /// <summary>The value of a hexadecimal digit; -1 for another character.</summary>
    public static int HexDigit(byte digit) => digit switch
    {
        >= (byte)'0' and <= (byte)'9' => digit - '0',
        >= (byte)'a' and <= (byte)'f' => digit - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => digit - 'A' + 10,
        _ => -1,
    };

    /// <summary>Reads pairs of hexadecimal digits.</summary>
    /// <param name="text">The digits, nothing between them.</param>
    /// <param name="bytes">Where the bytes go.</param>
    /// <param name="count">Their number.</param>
    /// <returns>False when there is anything else in the text, a digit too many, or too many bytes.</returns>
    public static bool TryReadHex(ReadOnlySpan<byte> text, Span<byte> bytes, out int count)
    {
        count = 0;
        if (text.Length % 2 != 0 || text.Length / 2 > bytes.Length)
        {
            return false;
        }

        for (int i = 0; i < text.Length; i += 2)
        {
            int high = HexDigit(text[i]);
            int low = HexDigit(text[i + 1]);
            if (high < 0 || low < 0)
            {
                return false;
            }

            bytes[i / 2] = (byte)((high << 4) | low);
        }

        count = text.Length / 2;
        return true;
    }
}
