using System;
using System.Collections.Generic;
using System.Linq;
using Hypervisor.Tool.Emulators;
using Xunit;
using Xunit.Abstractions;

namespace Hypervisor.Tests.Emulators;

/// <summary>The pci mediator under Linux: what the guest reads of its functions, and what it no longer finds.</summary>
[Trait("Category", "Emulator")]
[Collection(EmulatorCollection.Name)]
public sealed class PciTests
{
    private const string Settings = "serial = com2\nstatus = on\nmediators = pci\n";
    private const string Hidden = "0000:00:1f.3";

    // All a function shows, without the lines that repeat the one before.
    private const string Dump = "for d in /sys/bus/pci/devices/*; do echo \"## ${d##*/}\"; hexdump -C $d/config; done";

    private static readonly string[] _bridge = ["-device", "pcie-root-port,id=slot1,chassis=1,slot=1", "-device", "e1000e,bus=slot1"];

    private readonly LinuxFixture _linux;
    private readonly ITestOutputHelper _output;

    public PciTests(LinuxFixture linux, ITestOutputHelper output)
    {
        _linux = linux;
        _output = output;
    }

    [EmulatorFact]
    public void Configuration_space_is_the_same_to_the_last_byte_and_what_is_hidden_is_gone()
    {
        IReadOnlyDictionary<string, string> bare = Ask("test-pci-bare", null);
        IReadOnlyDictionary<string, string> behind = Ask("test-pci", Settings);
        Assert.Contains(bare.Values, dump => dump.Contains("00001000", StringComparison.Ordinal)); // a window: all 4096 bytes
        Assert.Equal(bare.Keys, behind.Keys);
        Assert.All(bare.Keys, function => Assert.Equal(bare[function], behind[function]));

        IReadOnlyDictionary<string, string> hiding = Ask("test-pci-hide", Settings + $"pci.hide = {Hidden}\n");
        Assert.Equal(bare.Keys.Where(function => function != Hidden), hiding.Keys);
    }

    private IReadOnlyDictionary<string, string> Ask(string name, string? configuration)
    {
        LinuxBootOptions options = _linux.Options(name, hypervisor: configuration != null);
        options = options with
        {
            Configuration = configuration ?? options.Configuration,
            Machine = (QemuOptions)options.Machine with { ExtraArguments = _bridge },
        };
        using LinuxGuest guest = _linux.Boot(options);
        string text = guest.Run(Dump);
        if (configuration != null)
        {
            Assert.Contains(guest.HypervisorLines, line => line.Contains("mediator pci attached", StringComparison.Ordinal));
            _output.WriteLine(guest.Run("hvctl exits"));
        }

        return text.Split("## ", StringSplitOptions.RemoveEmptyEntries).Select(part => part.Split('\n', 2))
            .Where(part => part.Length == 2).ToDictionary(part => part[0].Trim(), part => part[1].Trim());
    }
}
