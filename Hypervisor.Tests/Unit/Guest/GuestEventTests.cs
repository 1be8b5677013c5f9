using System.Collections.Generic;
using System.Linq;
using Hypervisor.Core.Guest;
using Xunit;

namespace Hypervisor.Tests.Unit.Guest;

public class GuestEventTests
{
    private const ulong Valid = 1ul << 31;

    /// <summary>Exceptions both manuals put into a class: #CP, #VE, #HV, #VC and #SX are left out.</summary>
    private static readonly byte[] s_vectors = [0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19];

    private enum Kind
    {
        Benign,
        Contributory,
        PageFault,
        DoubleFault,
    }

    public static IEnumerable<object[]> Pairs() => s_vectors.SelectMany(first => s_vectors.Where(second => second != 8).Select(second => new object[] { first, second }));

    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_second_exception_makes_what_the_double_fault_table_says(byte first, byte second)
    {
        // Intel SDM vol 3 table 6-5, AMD APM vol 2 §8.2.9: rows are the first exception, columns the second.
        string outcome = (Class(first), Class(second)) switch
        {
            (Kind.Benign, _) => "second",
            (Kind.Contributory, Kind.Contributory) => "double",
            (Kind.Contributory, _) => "second",
            (Kind.PageFault, Kind.Benign) => "second",
            (Kind.PageFault, _) => "double",
            (Kind.DoubleFault, Kind.Benign) => "second",
            _ => "shutdown",
        };
        GuestEvent raised = GuestEvent.Exception(second, 0x1234);
        GuestEvent delivered = GuestEvent.Exception(first).Then(raised, out bool shutdown);
        Assert.Equal(outcome == "shutdown", shutdown);
        if (outcome == "second")
        {
            Assert.Equal(raised.Value, delivered.Value);
        }
        else if (outcome == "double")
        {
            Assert.Equal(8 | (3ul << 8) | (1ul << 11) | Valid, delivered.Value); // #DF pushes an error code of zero
        }
    }

    [Fact]
    public void A_fault_in_the_delivery_of_an_interrupt_comes_alone()
    {
        foreach (ulong type in new ulong[] { 0, 2, 4 })
        {
            GuestEvent interrupted = new(Valid | (type << 8) | 13);
            Assert.Equal(GuestEvent.Exception(13, 5).Value, interrupted.Then(GuestEvent.Exception(13, 5), out bool shutdown).Value);
            Assert.False(shutdown);
        }
    }

    [Fact]
    public void An_exception_on_nothing_is_itself()
    {
        Assert.Equal(GuestEvent.Exception(14, 2).Value, GuestEvent.None.Then(GuestEvent.Exception(14, 2), out bool shutdown).Value);
        Assert.False(shutdown);
    }

    [Fact]
    public void Events_have_the_bits_of_figure_15_4()
    {
        Assert.Equal(Valid | (2ul << 8) | 2, GuestEvent.Nmi.Value);
        Assert.Equal(Valid | (3ul << 8) | 6, GuestEvent.Exception(6).Value);
        Assert.Equal(Valid | (3ul << 8) | (1ul << 11) | 13 | (0xABCDul << 32), GuestEvent.Exception(13, 0xABCD).Value);
        Assert.False(GuestEvent.None.IsValid);
    }

    [Theory]
    [InlineData(4, 0x80, true)]
    [InlineData(4, 3, true)]
    [InlineData(3, 3, true)]
    [InlineData(3, 4, true)]
    [InlineData(3, 1, false)]
    [InlineData(3, 5, false)]
    [InlineData(3, 13, false)]
    [InlineData(0, 3, false)]
    [InlineData(2, 2, false)]
    public void Software_raises_int_n_int3_and_into(ulong type, ulong vector, bool software)
    {
        Assert.Equal(software, new GuestEvent(Valid | (type << 8) | vector).IsSoftware);
        Assert.False(new GuestEvent((type << 8) | vector).IsSoftware);
    }

    private static Kind Class(byte vector) => vector switch
    {
        0 or 10 or 11 or 12 or 13 => Kind.Contributory,
        14 => Kind.PageFault,
        8 => Kind.DoubleFault,
        _ => Kind.Benign,
    };
}
