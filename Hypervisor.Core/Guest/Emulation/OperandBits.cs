namespace Hypervisor.Core.Guest.Emulation;

/// <summary>Arithmetic on the low bytes of a 64-bit value.</summary>
internal static class OperandBits
{
    /// <summary>Bits in a byte.</summary>
    internal const int PerByte = 8;

    private const int All = 64;

    /// <summary>Ones in the low <paramref name="size"/> bytes (1, 2, 4 or 8).</summary>
    internal static ulong Mask(int size) => ulong.MaxValue >> (All - (size * PerByte));

    /// <summary>The value with bits above <paramref name="size"/> bytes equal to the uppermost one below.</summary>
    internal static long SignExtend(ulong value, int size)
    {
        int unused = All - (size * PerByte);
        return (long)(value << unused) >> unused;
    }

    /// <summary>The uppermost of <paramref name="size"/> bytes has its top bit set.</summary>
    internal static bool IsNegative(ulong value, int size) => SignExtend(value, size) < 0;

    /// <summary>A bit of a value.</summary>
    internal static bool IsSet(ulong value, int bit) => ((value >> bit) & 1) != 0;

    /// <summary>The low <paramref name="size"/> bytes in reverse order.</summary>
    internal static ulong Reverse(ulong value, int size)
    {
        ulong reversed = 0;
        for (int i = 0; i < size; i++)
        {
            reversed = (reversed << PerByte) | (byte)(value >> (i * PerByte));
        }

        return reversed;
    }
}
