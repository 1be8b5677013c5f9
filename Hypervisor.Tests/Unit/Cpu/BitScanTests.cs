using System;
using System.Numerics;
using Hypervisor.Core.Cpu;
using Xunit;

namespace Hypervisor.Tests.Unit.Cpu;

public class BitScanTests
{
    [Fact]
    public void The_lowest_bit_is_found_whatever_is_above_it()
    {
        Random random = new(1);
        for (int bit = 0; bit < 64; bit++)
        {
            Assert.Equal(bit, BitScan.Lowest(1UL << bit));
            for (int i = 0; i < 100; i++)
            {
                ulong bits = (ulong)random.NextInt64(long.MinValue, long.MaxValue) << bit;
                if (bits != 0)
                {
                    Assert.Equal(BitOperations.TrailingZeroCount(bits), BitScan.Lowest(bits));
                }
            }
        }
    }
}
