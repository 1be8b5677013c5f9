using Hypervisor.Core.Memory;
using Xunit;

namespace Hypervisor.Tests.Unit.Memory;

public sealed class MemoryMapTests
{
    private static (ulong Start, ulong End, bool IsReserved)[] Pc =>
    [
        (0x10_0000, 0x8000_0000, false), (0, 0x1000, true), (0x1000, 0xA_0000, false), (0xF_0000, 0x10_0000, true), (0x1_0000_0000, 0x2_0000_0000, false), (0x8000_0000, 0x8010_0000, true),
    ];

    [Theory]
    [InlineData(0x10_0000ul, 0x10_0000ul, true, true)]
    [InlineData(0x9_FFFFul, 0x9_FFFFul, true, true)]
    [InlineData(0x9_FFFFul, 0xA_0000ul, true, false)]
    [InlineData(0xA_0000ul, 0xE_FFFFul, false, false)]
    [InlineData(0x0ul, 0xFFFul, false, true)]
    [InlineData(0x0ul, 0x1000ul, true, true)]
    [InlineData(0xF_0000ul, 0x10_0FFFul, true, true)]
    [InlineData(0x7FFF_F000ul, 0x8000_0FFFul, true, true)]
    [InlineData(0x8000_0000ul, 0x800F_FFFFul, false, true)]
    [InlineData(0x800F_FFFFul, 0x8010_0000ul, false, false)]
    [InlineData(0xFEE0_0000ul, 0xFEE0_0FFFul, false, false)]
    [InlineData(0xC000_0000ul, 0x1_0000_0000ul, true, false)]
    [InlineData(0x1_FFFF_FFFFul, 0x2_0000_0000ul, true, false)]
    [InlineData(0x2_0000_0000ul, ulong.MaxValue, false, false)]
    [InlineData(0ul, ulong.MaxValue, true, false)]
    public void Ranges_touch_memory_or_lie_in_it(ulong first, ulong last, bool touches, bool holds)
    {
        MemoryMap map = Of(Pc);
        Assert.True(map.IsKnown);
        Assert.Equal((touches, holds), (map.TouchesMemory(first, last), map.Holds(first, last)));
    }

    [Fact]
    public void Stretches_join_in_whatever_order_they_come()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            System.Random random = new(seed);
            int[] order = [.. System.Linq.Enumerable.Range(0, 3000)];
            random.Shuffle(order);
            MemoryMap map = default;
            foreach (int page in order)
            {
                map.Add((ulong)page << 12, (ulong)(page + 1) << 12, isReserved: page >= 1800);
            }

            // In between there are more stretches than there is room for: then nothing is said to be known.
            Assert.False(map.IsKnown);
            map = default;
            for (int i = 0; i < 200; i++)
            {
                int page = (i * 7) % 200;
                map.Add((ulong)page << 12, (ulong)(page + 1) << 12, isReserved: page >= 100);
            }

            Assert.True(map.IsKnown && map.Holds(0, 0xC_7FFF) && !map.Holds(0, 0xC_8000));
            Assert.True(map.TouchesMemory(0x6_3FFF, 0x6_4000) && !map.TouchesMemory(0x6_4000, 0xC_8000));
        }
    }

    [Fact]
    public void What_overlaps_is_left_out_and_without_anything_nothing_is_known()
    {
        MemoryMap map = default;
        Assert.False(map.IsKnown);
        map.Add(0x1000, 0x3000, isReserved: false);
        map.Add(0x2000, 0x5000, isReserved: true);
        map.Add(0x5000, 0x5000, isReserved: false);
        Assert.True(map.Holds(0x1000, 0x2FFF) && !map.Holds(0x1000, 0x3000) && !map.Holds(0x4000, 0x4000));
    }

    private static MemoryMap Of((ulong Start, ulong End, bool IsReserved)[] stretches)
    {
        MemoryMap map = default;
        foreach ((ulong start, ulong end, bool isReserved) in stretches)
        {
            map.Add(start, end, isReserved);
        }

        return map;
    }
}
