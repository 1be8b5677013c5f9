using System;
using System.Text;
using Hypervisor.Core.Configuration;
using Hypervisor.Devices.Ahci;
using Hypervisor.Tool.Commands;
using Hypervisor.Tool.Emulators;
using Hypervisor.Tool.Hosting;
using Xunit;

namespace Hypervisor.Tests.Unit.Tool;

public class ConfigurationCommandTests
{
    private static readonly byte[] _salt = [1, 2, 3, 4, 5, 6, 7, 8];

    [Theory]
    [InlineData("", null)]
    [InlineData("serial = com1\nsecret = open sesame, please", null)]
    [InlineData("serial = com1\nsecret = short", "hv.cfg, line 2, secret: value not accepted; accepted: 12 to 64 printable characters; ';' and '#' end a value")]
    [InlineData("colour = red", "hv.cfg, line 1, colour: unknown key; accepted: serial, ")]
    public void A_configuration_is_judged_as_the_hypervisor_does(string text, string? beginning)
    {
        string? problem = CheckConfigurationCommand.Check("hv.cfg", Encoding.UTF8.GetBytes(text));
        Assert.Equal(beginning is null, problem is null);
        Assert.StartsWith(beginning ?? string.Empty, problem ?? string.Empty, StringComparison.Ordinal);
    }

    [Fact]
    public void A_configuration_that_is_too_long_is_refused()
    {
        Assert.Null(CheckConfigurationCommand.Check("hv.cfg", new byte[ConfigurationParser.MaximumSize]));
        Assert.Equal("hv.cfg: the configuration has more than 8192 bytes", CheckConfigurationCommand.Check("hv.cfg", new byte[ConfigurationParser.MaximumSize + 1]));
    }

    [Fact]
    public void The_configuration_of_the_workbench_is_one()
    {
        Assert.Null(CheckConfigurationCommand.Check("hv.cfg", Encoding.UTF8.GetBytes(LinuxBootOptions.DefaultConfiguration)));
    }

    [Fact]
    public void The_line_for_a_password_is_accepted_and_knows_it()
    {
        string line = HashPasswordCommand.MakeLine("hunter2", 1000, _salt);
        HostOptions options = ConfigurationParser.Defaults;
        Assert.False(ConfigurationParser.Parse(Encoding.ASCII.GetBytes(line), ref options).IsError);
        Assert.True(options.Password.Matches("hunter2"u8));
        Assert.False(options.Password.Matches("hunter3"u8));
    }

    [Theory]
    [InlineData("", 1000)]
    [InlineData("m\u00FCde", 1000)]
    [InlineData("tab\tbed", 1000)]
    [InlineData("hunter2", 999)]
    [InlineData("hunter2", 10_000_001)]
    [InlineData("hunter2", -1)]
    public void Passwords_that_cannot_be_typed_and_iterations_outside_of_the_range_are_refused(string password, int iterations)
    {
        Assert.Throws<HvException>(() => HashPasswordCommand.MakeLine(password, iterations, _salt));
    }

    [Theory]
    [InlineData("aes-xts-128")]
    [InlineData("aes-xts-256")]
    public void The_line_for_a_disk_is_accepted_and_knows_its_passphrase(string cipher)
    {
        const string Key = "ahci.key = ";
        string line = DiskKeyCommand.MakeLine("correct horse", "main", cipher, 1000, [.. _salt, .. _salt]);
        Assert.Null(CheckConfigurationCommand.Check("hv.cfg", Encoding.ASCII.GetBytes(line + "\nahci.rule = port 0: encrypt main")));
        Assert.StartsWith(Key, line, StringComparison.Ordinal);
        AhciPolicy policy = new();
        Assert.True(policy.SetOption("key"u8, Encoding.ASCII.GetBytes(line[Key.Length..])).IsTaken);
        byte[] option = new byte[256];
        Assert.Equal(0, policy.Keys.TakePassphrase("correct house"u8, option));
        Assert.False(policy.Keys.WantedPassphrase.IsEmpty);
        Assert.NotEqual(0, policy.Keys.TakePassphrase("correct horse"u8, option));
        Assert.True(policy.Keys.WantedPassphrase.IsEmpty);
    }

    [Theory]
    [InlineData("", "main", "aes-xts-256", 1000)]
    [InlineData("m\u00FCde", "main", "aes-xts-256", 1000)]
    [InlineData("correct horse", "", "aes-xts-256", 1000)]
    [InlineData("correct horse", "a, b", "aes-xts-256", 1000)]
    [InlineData("correct horse", "a-name-that-is-too-long", "aes-xts-256", 1000)]
    [InlineData("correct horse", "main", "aes-cbc-256", 1000)]
    [InlineData("correct horse", "main", "aes-xts-256", 999)]
    [InlineData("correct horse", "main", "aes-xts-256", 100_000_001)]
    public void What_would_make_no_line_for_a_disk_is_refused(string passphrase, string name, string cipher, int iterations)
    {
        Assert.Throws<HvException>(() => DiskKeyCommand.MakeLine(passphrase, name, cipher, iterations, [.. _salt, .. _salt]));
    }
}
