using System;
using System.Linq;
using System.Numerics;
using Hypervisor.Tests.Models;

namespace Hypervisor.Tests.Unit.Memory.Mtrr;

/// <summary>Sets of registers that no firmware would write, but WRMSR takes.</summary>
internal static class RandomMtrrs
{
    private static readonly byte[] s_types = [MtrrSet.Uc, MtrrSet.Wc, MtrrSet.Wt, MtrrSet.Wp, MtrrSet.Wb];

    /// <summary>A set of ranges.</summary>
    /// <param name="random">Source.</param>
    /// <param name="addressBits">Width of physical addresses.</param>
    /// <param name="span">Ranges are taken from that many bytes at address 0, a power of two.</param>
    /// <param name="holes">Whether masks may have holes.</param>
    /// <param name="count">Number of registers.</param>
    internal static MtrrSet Create(Random random, int addressBits, ulong span, bool holes, int count = 10)
    {
        (ulong, ulong)[] variable = new (ulong, ulong)[count];
        for (int i = 0; i < count; i++)
        {
            int shift = random.Next(12, BitOperations.Log2(span) + 1);
            ulong mask = (1ul << addressBits) - (1ul << shift);
            if (holes && random.Next(2) == 0)
            {
                mask &= ~((ulong)random.NextInt64() & ((1ul << addressBits) - 1) & (ulong)random.NextInt64() & ~0xFFFul);
            }

            ulong start = (ulong)random.NextInt64() & (span - 1) & mask & ~0xFFFul;
            variable[i] = random.Next(4) == 0 ? (start, mask) : MtrrSet.Range(start, mask, s_types[random.Next(s_types.Length)]);
        }

        byte[]? fixedTypes = random.Next(4) == 0 ? null : [.. Enumerable.Range(0, 88).Select(_ => s_types[random.Next(s_types.Length)])];
        ulong flags = (random.Next(16) == 0 ? 0 : MtrrSet.Enabled) | (random.Next(3) == 0 ? 0 : MtrrSet.FixedEnabled);
        return new MtrrSet("random", addressBits, flags | s_types[random.Next(s_types.Length)], fixedTypes, variable);
    }
}
