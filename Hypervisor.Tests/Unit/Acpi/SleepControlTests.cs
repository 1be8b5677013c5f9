using System.Linq;
using Hypervisor.Devices.Acpi;
using Xunit;

namespace Hypervisor.Tests.Unit.Acpi;

public class SleepControlTests
{
    /// <summary>S0 = 0, S1 = 1, S3 = 5/4, S4 = 6, S5 = 7, as most machines have it.</summary>
    private static readonly SleepControl s_usual = With((0, [(0, 0)]), (1, [(1, 1)]), (3, [(5, 4)]), (4, [(6, 6)]), (5, [(7, 7)]));

    [Theory]
    [InlineData(SleepRegister.Pm1a, 0, 2, 0x3401ul, SleepStates.S3)]
    [InlineData(SleepRegister.Pm1a, 0, 4, 0xFFFF_3C01ul, SleepStates.S5)]
    [InlineData(SleepRegister.Pm1a, 0, 8, 0x1234_5678_FFFF_3801ul, SleepStates.S4)]
    [InlineData(SleepRegister.Pm1a, 1, 1, 0x34ul, SleepStates.S3)]
    [InlineData(SleepRegister.Pm1a, 1, 2, 0x0034ul, SleepStates.S3)]
    [InlineData(SleepRegister.Pm1a, -1, 4, 0x0034_0100ul, SleepStates.S3)] // begins one byte before the register
    [InlineData(SleepRegister.Pm1a, -2, 4, 0x3401_0000ul, SleepStates.S3)]
    [InlineData(SleepRegister.Pm1a, -6, 8, 0x3400_0000_0000_0000ul, SleepStates.S3)]
    [InlineData(SleepRegister.Pm1b, 0, 2, 0x3001ul, SleepStates.S3)] // SLP_TYPb
    [InlineData(SleepRegister.Pm1b, 0, 2, 0x3401ul, SleepStates.None)]
    [InlineData(SleepRegister.Pm1a, 0, 2, 0x2401ul, SleepStates.S1)]
    [InlineData(SleepRegister.Pm1a, 0, 2, 0x2801ul, SleepStates.None)] // nobody's type
    [InlineData(SleepRegister.Pm1a, 0, 2, 0x2001ul, SleepStates.S0)]
    [InlineData(SleepRegister.SleepControl, 0, 1, 0x34ul, SleepStates.S3)]
    [InlineData(SleepRegister.SleepControl, 0, 4, 0x3Cul, SleepStates.S5)]
    [InlineData(SleepRegister.SleepControl, -1, 2, 0x3400ul, SleepStates.S3)]
    public void A_write_with_the_enable_bit_enters_the_state_of_its_type(SleepRegister register, int offset, int size, ulong value, SleepStates states)
    {
        SleepRequest request = s_usual.Decode(register, offset, size, value);
        Assert.Equal((true, states), (request.Enters, request.States));
    }

    [Theory]
    [InlineData(SleepRegister.Pm1a, 0, 2, 0x1401ul)] // the type alone
    [InlineData(SleepRegister.Pm1a, 0, 1, 0xFFul)] // the lower byte
    [InlineData(SleepRegister.Pm1a, 2, 2, 0xFFFFul)]
    [InlineData(SleepRegister.Pm1a, -1, 2, 0xFFFFul)]
    [InlineData(SleepRegister.Pm1a, -8, 8, ulong.MaxValue)]
    [InlineData(SleepRegister.SleepControl, 0, 1, 0x1Cul)]
    [InlineData(SleepRegister.SleepControl, 1, 1, 0xFFul)]
    [InlineData(SleepRegister.Pm1a, int.MaxValue, 8, ulong.MaxValue)]
    public void Everything_else_enters_nothing(SleepRegister register, int offset, int size, ulong value)
    {
        Assert.False(s_usual.Decode(register, offset, size, value).Enters);
    }

    /// <summary>However a word is written, in one piece or in two, it means the same.</summary>
    [Fact]
    public void All_widths_agree()
    {
        for (uint value = 0; value <= ushort.MaxValue; value += 0x101)
        {
            SleepRequest word = s_usual.Decode(SleepRegister.Pm1a, 0, 2, value);
            SleepRequest low = s_usual.Decode(SleepRegister.Pm1a, 0, 1, value & 0xFF);
            SleepRequest high = s_usual.Decode(SleepRegister.Pm1a, 1, 1, value >> 8);
            Assert.False(low.Enters);
            Assert.Equal((word.Enters, word.Type, word.States), (high.Enters, high.Type, high.States));
            bool expected = (value & 0x2000) != 0;
            Assert.Equal((expected, (byte)((value >> 10) & 7)), (word.Enters, word.Type));
        }
    }

    [Fact]
    public void States_of_the_same_type_are_all_named()
    {
        SleepControl control = With((4, [(2, 2)]), (5, [(2, 2)]));
        Assert.Equal(SleepStates.S4 | SleepStates.S5, control.Decode(SleepRegister.Pm1a, 0, 2, 0x2801).States);
    }

    [Fact]
    public void A_state_whose_value_is_not_known_may_be_any_type_that_no_other_has()
    {
        SleepControl control = With((3, []), (5, [(7, 7)]));
        Assert.Equal(SleepStates.S5, control.Decode(SleepRegister.Pm1a, 0, 2, 0x3C00).States);
        Assert.Equal(SleepStates.S3, control.Decode(SleepRegister.Pm1a, 0, 2, 0x3400).States);
        Assert.True(control.KnowsOff);
        Assert.False(With((3, [(5, 5)])).KnowsOff);
    }

    [Fact]
    public void Types_beyond_three_bits_are_cut_as_the_register_does()
    {
        Assert.Equal(SleepStates.S3, With((3, [(0xFD, 0xFD)])).Decode(SleepRegister.Pm1a, 0, 2, 0x3400).States);
    }

    [Fact]
    public void What_was_known_before_it_was_hidden_is_known_still()
    {
        SleepControl again = s_usual.Learn(With((5, [(6, 6)])).Types);
        Assert.Equal("5 6", string.Join(' ', new[] { 3, 5 }.Select(state => again.Types[state].TypeA(0))));
        Assert.Equal(SleepStates.S3, again.Decode(SleepRegister.Pm1a, 0, 2, 0x3400).States);
    }

    /// <summary>Through byte code, as the types really come. No pairs: a method that computes.</summary>
    private static SleepControl With(params (int State, (byte A, byte B)[] Pairs)[] states)
    {
        byte[] code = [.. states.SelectMany(state => state.Pairs.Length == 0
            ? [0x14, 8, (byte)'_', (byte)'S', (byte)('0' + state.State), (byte)'_', 0, 0xA4, 0x60]
            : new byte[] { 0x08, (byte)'_', (byte)'S', (byte)('0' + state.State), (byte)'_', 0x12, 6, 2, 0x0A, state.Pairs[0].A, 0x0A, state.Pairs[0].B })];
        return new SleepControl(AmlReading.Of(FakeTableMemory.Table("DSDT", code)).SleepTypes);
    }
}
