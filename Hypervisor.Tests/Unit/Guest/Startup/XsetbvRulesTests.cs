using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Startup;
using Xunit;

namespace Hypervisor.Tests.Unit.Guest.Startup;

public class XsetbvRulesTests
{
    private const ulong Everything = 0x602FF;

    [Theory]
    [InlineData(0x1ul, true)]
    [InlineData(0x3ul, true)]
    [InlineData(0x7ul, true)]
    [InlineData(0xE7ul, true)]
    [InlineData(0x207ul, true)]
    [InlineData(0x602E7ul, true)]
    [InlineData(0x602FFul, true)]
    [InlineData(0x0ul, false)] // x87 is not optional
    [InlineData(0x2ul, false)]
    [InlineData(0x5ul, false)] // AVX without SSE
    [InlineData(0x67ul, false)] // two thirds of AVX-512
    [InlineData(0xE3ul, false)] // AVX-512 without AVX
    [InlineData(0xFul, false)] // half of MPX
    [InlineData(0x20007ul, false)] // half of AMX
    [InlineData(0x40007ul, false)]
    [InlineData(0x107ul, false)] // not supported: a supervisor component
    [InlineData(0x8000_0000_0000_0007ul, false)]
    public void Known_values_are_judged_as_the_processor_does(ulong value, bool expected)
    {
        Assert.Equal(expected, XsetbvRules.IsAllowed(0, new Xcr0(value), new Xcr0(Everything)));
    }

    [Fact]
    public void Only_xcr0_exists()
    {
        Assert.False(XsetbvRules.IsAllowed(1, new Xcr0(7), new Xcr0(7)));
        Assert.False(XsetbvRules.IsAllowed(0x8000_0000, new Xcr0(7), new Xcr0(7)));
    }

    [Fact]
    public void Every_combination_obeys_the_rules_of_the_manual()
    {
        for (ulong value = 0; value < 1 << 20; value++)
        {
            bool expected = (value & ~Everything) == 0
                && (value & 1) == 1
                && ((value & 4) == 0 || (value & 2) != 0)
                && ((value & 0xE0) == 0 || (value & 0xE4) == 0xE4)
                && (value & 0x18) is 0 or 0x18
                && (value & 0x60000) is 0 or 0x60000;
            if (expected != XsetbvRules.IsAllowed(0, new Xcr0(value), new Xcr0(Everything)))
            {
                Assert.Fail($"XCR0 = {value:X}");
            }
        }
    }

    [Fact]
    public void A_bit_that_the_processor_lacks_is_refused()
    {
        Assert.True(XsetbvRules.IsAllowed(0, new Xcr0(7), new Xcr0(7)));
        Assert.False(XsetbvRules.IsAllowed(0, new Xcr0(7), new Xcr0(3)));
    }
}
