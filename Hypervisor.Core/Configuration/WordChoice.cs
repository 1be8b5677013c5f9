using System;

namespace Hypervisor.Core.Configuration;

/// <summary>A value that is one of a few words.</summary>
public static class WordChoice
{
    private static ReadOnlySpan<byte> Comma => ", "u8;

    private static ReadOnlySpan<byte> Or => " or "u8;

    /// <summary>Which of the words in a list such as "a, b or c" a value is; -1 for none.</summary>
    public static int Find(ReadOnlySpan<byte> value, ReadOnlySpan<byte> words)
    {
        int number = 0;
        int start = 0;
        for (int i = 0; i <= words.Length; i++)
        {
            int separator = i == words.Length ? 1 : SeparatorAt(words.Slice(i));
            if (separator == 0)
            {
                continue;
            }

            if (AsciiText.Same(value, words.Slice(start, i - start)))
            {
                return number;
            }

            number++;
            start = i + separator;
            i = start - 1;
        }

        return -1;
    }

    private static int SeparatorAt(ReadOnlySpan<byte> text) =>
        AsciiText.StartsWith(text, Comma) ? Comma.Length : AsciiText.StartsWith(text, Or) ? Or.Length : 0;
}
