using System;
using System.Text;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Mediation;
using Xunit;

namespace Hypervisor.Tests.Unit.Configuration;

public class MediatorKeysTests
{
    [Theory]
    [InlineData("mediators = acpi", 1)]
    [InlineData("mediators = acpi, smi", 3)]
    [InlineData("mediators=smi,acpi", 3)]
    [InlineData("mediators = acpi; mediators = smi", 2)]
    [InlineData("mediators = none", 0)]
    [InlineData("serial = off", 3)]
    public void Mediators_are_selected_by_name(string text, int selected)
    {
        Assert.False(Parse(text, out TwoMediators mediators).IsError);
        Assert.Equal(selected, mediators.Selected);
    }

    [Theory]
    [InlineData("mediators = apci", "apci")]
    [InlineData("mediators = acpi, ", "mediators")]
    [InlineData("mediators =", "mediators")]
    [InlineData("mediators = acpi smi", "acpi smi")]
    [InlineData("mediators = none, acpi", "none")]
    [InlineData("sleep.acpi = deny", "sleep.acpi")]
    public void An_unknown_name_is_answered_with_those_there_are(string text, string key)
    {
        ConfigurationError error = Parse("status = on\n" + text, out _);
        Assert.Equal(
            (2, key, "unknown mediator", "acpi, smi"),
            (error.Line, Encoding.UTF8.GetString(error.Key), Encoding.UTF8.GetString(error.Problem), Encoding.UTF8.GetString(error.Accepted)));
    }

    [Fact]
    public void Options_reach_their_mediator()
    {
        Assert.False(Parse("acpi.sleep = deny\nacpi.sleep=allow", out TwoMediators mediators).IsError);
        Assert.Equal("sleep=deny sleep=allow ", mediators.Options);
    }

    [Theory]
    [InlineData("acpi.slip = deny", "unknown option of the mediator", "sleep")]
    [InlineData("acpi.sleep = perhaps", "value not accepted", "allow or deny")]
    [InlineData("acpi. = deny", "unknown option of the mediator", "sleep")]
    public void Wrong_options_are_refused_by_their_mediator(string text, string problem, string accepted)
    {
        ConfigurationError error = Parse(text, out _);
        Assert.Equal((problem, accepted), (Encoding.UTF8.GetString(error.Problem), Encoding.UTF8.GetString(error.Accepted)));
    }

    [Fact]
    public void An_image_without_mediators_says_so()
    {
        HostOptions options = ConfigurationParser.Defaults;
        ConfigurationError error = ConfigurationParser.Parse("mediators = acpi"u8, ref options);
        Assert.Equal("none (this image has no mediators)", Encoding.UTF8.GetString(error.Accepted));
        Assert.False(ConfigurationParser.Parse("mediators = none"u8, ref options).IsError);
    }

    private static ConfigurationError Parse(string text, out TwoMediators mediators)
    {
        HostOptions options = ConfigurationParser.Defaults;
        mediators = new TwoMediators { Selected = 3, Options = string.Empty };
        return ConfigurationParser.Parse(Encoding.UTF8.GetBytes(text), ref options, ref mediators);
    }

    /// <summary>Two mediators, of which one has an option.</summary>
    private struct TwoMediators : IMediatorOptions
    {
        public int Selected;
        public string Options;

        public readonly ReadOnlySpan<byte> Names => "acpi, smi"u8;

        public void SelectNone() => Selected = 0;

        public bool Select(ReadOnlySpan<byte> name)
        {
            int index = WordChoice.Find(name, Names);
            Selected |= index < 0 ? 0 : 1 << index;
            return index >= 0;
        }

        public void SelectAll() => Selected = 3;

        public OptionResult Set(ReadOnlySpan<byte> mediator, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
        {
            if (!AsciiText.Same(mediator, "acpi"u8))
            {
                return OptionResult.NoMediator(Names);
            }

            if (!AsciiText.Same(key, "sleep"u8))
            {
                return OptionResult.Unknown("sleep"u8);
            }

            Options += $"{Encoding.UTF8.GetString(key)}={Encoding.UTF8.GetString(value)} ";
            return WordChoice.Find(value, "allow or deny"u8) < 0 ? OptionResult.Refused("allow or deny"u8) : OptionResult.Taken;
        }
    }
}
