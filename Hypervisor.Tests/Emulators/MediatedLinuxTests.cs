using System;
using System.Collections.Generic;
using System.Linq;
using Hypervisor.Tool.Emulators;
using Xunit;
using Xunit.Abstractions;

namespace Hypervisor.Tests.Emulators;

/// <summary>Linux behind all mediators finds the machine it finds bare: interrupts, ACPI tables, all of configuration space, the kernel's warnings.</summary>
[Trait("Category", "Emulator")]
[Collection(EmulatorCollection.Name)]
public sealed class MediatedLinuxTests
{
    private const string Settings = LinuxBootOptions.DefaultConfiguration + "mediators = acpi,lapic,smi,pci\n";

    // Names and devices of the lines, without the counts in between.
    private const string Interrupts = "awk 'NR > 1 { l = $1; for (i = 2; i <= NF; i++) if ($i !~ /^[0-9]+$/) l = l \" \" $i; print l }' /proc/interrupts";
    private const string Tables = "cd /sys/firmware/acpi/tables; for t in $(find . -type f | sort); do echo \"$t $(md5sum < $t)\"; done; cd /";
    private const string Configurations = "for d in /sys/bus/pci/devices/*; do echo \"${d##*/} $(wc -c < $d/config) $(md5sum < $d/config)\"; done";

    // PCI Express, so that there are functions of 4096 bytes.
    private static readonly string[] _devices = ["-device", "pcie-root-port,id=slot1,chassis=1,slot=1", "-device", "e1000e,bus=slot1"];

    private readonly LinuxFixture _linux;
    private readonly ITestOutputHelper _output;

    public MediatedLinuxTests(LinuxFixture linux, ITestOutputHelper output)
    {
        _linux = linux;
        _output = output;
    }

    [EmulatorFact]
    public void Linux_finds_the_same_interrupts_tables_functions_and_no_new_warnings()
    {
        (IReadOnlyList<string> bare, MachineFacts bareFacts) = Ask("test-mediated-bare", null);
        (IReadOnlyList<string> behind, MachineFacts facts) = Ask("test-mediated", Settings);
        Assert.Contains(bare, line => line.Contains("DSDT", StringComparison.Ordinal));
        Assert.Contains(bare, line => line.Contains(" 4096 ", StringComparison.Ordinal));
        Assert.Contains(bare, line => line.StartsWith("LOC:", StringComparison.Ordinal));
        foreach (string line in bare.Except(behind).Select(line => $"bare   {line}").Concat(behind.Except(bare).Select(line => $"behind {line}")))
        {
            _output.WriteLine(line);
        }

        Assert.Equal(bare, behind);
        Assert.Empty(facts.WarningsBeyond(bareFacts));
        Assert.Equal(bareFacts.Processors, facts.Processors);
    }

    private (IReadOnlyList<string> Lines, MachineFacts Facts) Ask(string name, string? configuration)
    {
        LinuxBootOptions options = _linux.Options(name, hypervisor: configuration != null);
        using LinuxGuest guest = _linux.Boot(options with
        {
            Configuration = configuration ?? options.Configuration,
            Machine = (QemuOptions)options.Machine with { ExtraArguments = _devices },
        });
        MachineFacts facts = MachineFacts.Ask(guest);
        string[] lines = guest.Run($"{Interrupts}; {Tables}; {Configurations}").Split('\n');
        _output.WriteLine($"{name}: {lines.Length} lines");
        guest.PowerOff();
        return (lines, facts);
    }
}
