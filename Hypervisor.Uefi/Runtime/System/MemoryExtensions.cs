namespace System;

/// <summary>Searching and comparing spans of bytes.</summary>
public static class MemoryExtensions
{
    /// <summary>Whether two spans hold the same.</summary>
    public static bool SequenceEqual(this ReadOnlySpan<byte> span, ReadOnlySpan<byte> other)
    {
        if (span.Length != other.Length)
        {
            return false;
        }

        for (int i = 0; i < span.Length; i++)
        {
            if (span[i] != other[i])
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Index of the first byte of that value; -1 for none.</summary>
    public static int IndexOf(this ReadOnlySpan<byte> span, byte value)
    {
        for (int i = 0; i < span.Length; i++)
        {
            if (span[i] == value)
            {
                return i;
            }
        }

        return -1;
    }
}
