using System;

namespace Hypervisor.Core.Mediation;

/// <summary>The words an option takes, written as a message shows them: <c>a, b or c</c>.</summary>
public static class WordList
{
    /// <summary>Which of the words a value is.</summary>
    /// <param name="words">The words.</param>
    /// <param name="value">The value.</param>
    /// <returns>From 0; -1 for none.</returns>
    public static int IndexOf(ReadOnlySpan<byte> words, ReadOnlySpan<byte> value)
    {
        int number = 0;
        while (words.Length != 0)
        {
            int length = 0;
            while (length < words.Length && words[length] != ',' && words[length] != ' ')
            {
                length++;
            }

            if (value.SequenceEqual(words.Slice(0, length)))
            {
                return number;
            }

            words = Behind(words, length);
            number++;
        }

        return -1;
    }

    private static ReadOnlySpan<byte> Behind(ReadOnlySpan<byte> words, int length)
    {
        ReadOnlySpan<byte> rest = words.Slice(length);
        ReadOnlySpan<byte> or = " or "u8;
        ReadOnlySpan<byte> comma = ", "u8;
        if (rest.Length > or.Length && rest.Slice(0, or.Length).SequenceEqual(or))
        {
            return rest.Slice(or.Length);
        }

        return rest.Length > comma.Length ? rest.Slice(comma.Length) : default;
    }
}
