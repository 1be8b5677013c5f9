using System;

namespace Hypervisor.Core.Cpu;

/// <summary>Finding bits. The image is compiled for processors without TZCNT, and BSF cannot be expressed.</summary>
public static class BitScan
{
    private const ulong Sequence = 0x022F_DD63_CC95_386D; // a de Bruijn sequence: each six of its bits, one after the other, are another number (Knuth, TAOCP vol 4A §7.1.3)
    private const int NumberShift = 58;

    private static ReadOnlySpan<byte> Positions =>
    [
        0, 1, 2, 53, 3, 7, 54, 27, 4, 38, 41, 8, 34, 55, 48, 28, 62, 5, 39, 46, 44, 42, 22, 9, 24, 35, 59, 56, 49, 18, 29, 11,
        63, 52, 6, 26, 37, 40, 33, 47, 61, 45, 43, 21, 23, 58, 17, 10, 51, 25, 36, 32, 60, 20, 57, 16, 50, 31, 19, 15, 30, 14, 13, 12,
    ];

    /// <summary>Number of the lowest bit that is set, 0 to 63.</summary>
    /// <param name="bits">Not 0.</param>
    public static int Lowest(ulong bits) => Positions[(int)(((bits & (0 - bits)) * Sequence) >> NumberShift)];
}
