namespace System.Numerics;

/// <summary>Counting bits.</summary>
public static class BitOperations
{
    /// <summary>Number of zero bits below the lowest one; 64 for 0.</summary>
    public static int TrailingZeroCount(ulong value)
    {
        // Without BMI there is no TZCNT, and BSF cannot be expressed: halve the search instead.
        if (value == 0)
        {
            return 64;
        }

        int count = 0;
        for (int width = 32; width != 0; width >>= 1)
        {
            if ((value & ((1UL << width) - 1)) == 0)
            {
                value >>= width;
                count += width;
            }
        }

        return count;
    }
}
