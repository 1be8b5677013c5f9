using System;
using System.Linq;
using System.Text;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Diagnostics;
using Xunit;

namespace Hypervisor.Tests.Unit.Configuration;

public class ConfigurationParserTests
{
    [Theory]
    [InlineData("serial = com1", 0x3F8, false, false, 0u)]
    [InlineData("serial=com2\r\nstatus=on\r\n", 0x2F8, false, true, 0u)]
    [InlineData("serial = off; icr-trap = keep; status = on", 0, true, true, 0u)]
    [InlineData("\n\n  # all comment = here\n\tfault-test\t=\tstack  # why not\n", 0, false, false, 3u)]
    [InlineData("fault-test=bounds;fault-test=page-fault", 0, false, false, 1u)]
    [InlineData("fault-test=entry-cr0", 0, false, false, 4u)]
    [InlineData("fault-test = entry-controls", 0, false, false, 10u)]
    [InlineData("fault-test=off;icr-trap=auto;status=off;;;", 0, false, false, 0u)]
    [InlineData("status = on\0status = nonsense", 0, false, true, 0u)]
    [InlineData("", 0, false, false, 0u)]
    public void What_is_written_is_what_counts(string text, int port, bool keep, bool status, uint fault)
    {
        HostOptions options = ConfigurationParser.Defaults;
        Assert.False(ConfigurationParser.Parse(Encoding.UTF8.GetBytes(text), ref options).IsError);
        Assert.Equal((port, keep, status, fault), (options.SerialPort, options.KeepApicTrap, options.Status, (uint)options.Fault));
    }

    [Theory]
    [InlineData("serial = com3", 1, "serial", "com1, com2 or off")]
    [InlineData("\nserial =", 2, "serial", "com1, com2 or off")]
    [InlineData("status=on\r\n\r\nicr-trap = maybe", 3, "icr-trap", "auto or keep")]
    [InlineData("status = on; status = 1", 1, "status", "on or off")]
    [InlineData("#x\n#y\nfault-test = Stack", 3, "fault-test", "off, page-fault, bounds, stack, entry-cr0, entry-rflags, entry-tr, entry-link, entry-msr, entry-host-cs or entry-controls")]
    [InlineData("serial = com1, com2", 1, "serial", "com1, com2 or off")]
    [InlineData("serial = com2 or off", 1, "serial", "com1, com2 or off")]
    [InlineData("serial = or", 1, "serial", "com1, com2 or off")]
    [InlineData("serial = ,", 1, "serial", "com1, com2 or off")]
    [InlineData("Serial = com1", 1, "Serial", "serial, icr-trap, status, fault-test, secret, password-hash, password-tries, password-failure, mediators, MEDIATOR.OPTION")]
    [InlineData("status=on\nwhat ever = 1", 2, "what ever", "serial, icr-trap, status, fault-test, secret, password-hash, password-tries, password-failure, mediators, MEDIATOR.OPTION")]
    [InlineData("\n\nstatus", 3, "status", "key = value")]
    [InlineData("secret open sesame, please", 1, "secret", "key = value")]
    [InlineData("= on", 1, "", "serial, icr-trap, status, fault-test, secret, password-hash, password-tries, password-failure, mediators, MEDIATOR.OPTION")]
    [InlineData("status = on = off", 1, "status", "on or off")]
    public void An_error_names_line_key_and_what_is_accepted(string text, int line, string key, string accepted)
    {
        HostOptions options = default;
        ConfigurationError error = ConfigurationParser.Parse(Encoding.UTF8.GetBytes(text), ref options);
        Assert.True(error.IsError);
        Assert.Equal(line, error.Line);
        Assert.Equal(key, Encoding.UTF8.GetString(error.Key));
        Assert.Equal(accepted, Encoding.UTF8.GetString(error.Accepted));
        Assert.NotEqual(0, error.Problem.Length);
    }

    [Fact]
    public void The_first_error_ends_the_reading()
    {
        HostOptions options = default;
        ConfigurationError error = ConfigurationParser.Parse("status = on\nnonsense = 1\nicr-trap = keep\nalso = wrong"u8, ref options);
        Assert.Equal(2, error.Line);
        Assert.True(options.Status);
        Assert.False(options.KeepApicTrap);
    }

    [Fact]
    public void Every_key_in_the_list_exists_and_every_existing_key_is_in_the_list()
    {
        foreach (string key in Encoding.UTF8.GetString(ConfigurationParser.Keys).Split(", "))
        {
            HostOptions options = default;
            ConfigurationError error = ConfigurationParser.Parse(Encoding.UTF8.GetBytes(key + " = \u00FCnknown"), ref options);
            Assert.True(error.IsError);
            Assert.NotEqual("unknown key", Encoding.UTF8.GetString(error.Problem));
            if (key is "secret" or "password-hash" or "password-tries" or "mediators" or "MEDIATOR.OPTION")
            {
                continue; // these describe what they accept
            }

            // Each value named as accepted is.
            foreach (string value in Encoding.UTF8.GetString(error.Accepted).Replace(" or ", ", ").Split(", "))
            {
                Assert.False(ConfigurationParser.Parse(Encoding.UTF8.GetBytes($"{key}={value}"), ref options).IsError);
            }
        }
    }

    [Fact]
    public void Every_deliberate_fault_has_a_name_in_its_place()
    {
        string[] names = Encoding.UTF8.GetString(DeliberateFault.Names).Replace(" or ", ", ", StringComparison.Ordinal).Split(", ");
        Assert.Equal(Enum.GetValues<DeliberateFault.Kind>().Length, names.Length);
        for (int i = 0; i < names.Length; i++)
        {
            HostOptions options = default;
            Assert.False(ConfigurationParser.Parse(Encoding.UTF8.GetBytes($"fault-test = {names[i]}"), ref options).IsError);
            Assert.Equal((DeliberateFault.Kind)i, options.Fault);
        }

        Assert.Equal("entry-host-cs", names[(int)DeliberateFault.Kind.EntryHostCs]);
        Assert.Equal("entry-msr", names[(int)DeliberateFault.Kind.EntryMsr]);
    }

    [Fact]
    public void Random_bytes_never_fault()
    {
        Random random = new(1);
        byte[] words = [.. "secret password-hash password-tries password-failure mediators pbkdf2-sha256 : . 0x - 1 9 serial icr-trap status fault-test com1 com2 off on auto keep stack entry-tr or , = ; # \n\r\t\0"u8];
        for (int round = 0; round < Fuzz.Rounds(20_000); round++)
        {
            byte[] text = new byte[random.Next(80)];
            random.NextBytes(text);
            if (random.Next(2) == 0)
            {
                text = [.. Enumerable.Range(0, text.Length).Select(_ => words[random.Next(words.Length)])];
            }

            HostOptions options = default;
            ConfigurationError error = ConfigurationParser.Parse(text, ref options);
            Assert.True(error.IsError ? error.Line >= 1 && error.Accepted.Length != 0 : error.Line == 0);
            Assert.True(options.Fault <= DeliberateFault.Kind.EntryControls && options.SerialPort is 0 or 0x3F8 or 0x2F8);
        }
    }
}
