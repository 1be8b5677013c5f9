using System;
using System.Collections.Generic;
using System.Linq;
using Hypervisor.Tool.Emulators;
using Hypervisor.Tool.Hosting;
using Xunit;
using Xunit.Abstractions;

namespace Hypervisor.Tests.Emulators;

/// <summary>A guest that means harm, at random, with all mediators attached: the machine and the hypervisor are there afterwards, and the log has nothing but what it should.</summary>
[Trait("Category", "Emulator")]
[Collection(EmulatorCollection.Name)]
public sealed class HostileGuestTests
{
    private const string Settings = "serial = com2\nstatus = on\nsecret = open sesame, please\nmediators = ";
    private const string QemuRounds = "hostile 200000 ";
    private const string BochsRounds = "hostile 40000 ";
    private const string UsualSeed = "101";
    private const string Answers = "hypervisor-answers=1";

    private static readonly string[] _onQemu = ["acpi", "lapic", "smi", "pci", "ahci"];
    private static readonly string[] _onBochs = ["acpi", "lapic", "smi", "pci"]; // it has no AHCI controller

    // What the hypervisor says of such a guest, each for a reason of its own. Anything else of its words after the start is a finding.
    private static readonly string[] _expected =
    [
        "write to the memory of hv at ",
        "unusual write to the interrupt command register from ",
        "start-up: no processor answers to interrupt command ",
        "hypercalls with a wrong code so far",
        "an instruction that is not known accesses more than one page of claimed memory",
        "an event is delivered to a stack in trapped memory",
        "a microcode update of ", // where MSR 79h exists, whatever stands before the address that is written there is its header
        "the machine enters S5",
    ];

    private static readonly Workspace _workspace = Workspace.Find();
    private readonly ITestOutputHelper _output;

    public HostileGuestTests(ITestOutputHelper output)
    {
        _output = output;
    }

    [ProbeFact]
    public void A_bare_machine_survives_what_the_guest_does()
    {
        ProbeRun run = new(_workspace) { Machine = new QemuOptions { TimeLimit = TimeSpan.FromMinutes(4) }, Arguments = Arguments(QemuRounds) };
        Assert.Contains(run.Execute("test-hostile-bare"), line => line.Contains("hypervisor-answers=0", StringComparison.Ordinal));
    }

    [ProbeFact(Hypervisor = true)]
    public void On_Qemu_the_hypervisor_survives() => Survives("test-hostile", new QemuOptions { TimeLimit = TimeSpan.FromMinutes(5) }, QemuRounds, _onQemu);

    [BochsFact(Hypervisor = true)]
    [Trait("Category", "Slow")]
    public void On_Bochs_the_hypervisor_survives() =>
        Survives("test-bochs-hostile", new BochsOptions { Processors = 1, MemoryMiB = 512, TimeLimit = TimeSpan.FromMinutes(15) }, BochsRounds, _onBochs);

    private void Survives(string name, MachineOptions machine, string rounds, string[] mediators)
    {
        ProbeRun run = new(_workspace)
        {
            Machine = machine,
            Arguments = Arguments(rounds),
            Hypervisor = _workspace.HypervisorImage,
            Configuration = Settings + string.Join(',', mediators) + "\n",
        };
        IReadOnlyList<string> lines = run.Execute(name);
        _output.WriteLine(string.Join('\n', lines));
        Assert.DoesNotContain(lines, line => line.Contains("UNEXPECTED", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains(Answers, StringComparison.Ordinal));

        List<string> log = [.. run.HypervisorLog.Where(line => line.Contains("hv: ", StringComparison.Ordinal))];
        foreach (string mediator in mediators)
        {
            Assert.Contains(log, line => line.Contains($"mediator {mediator} attached", StringComparison.Ordinal));
        }

        int started = log.FindIndex(line => line.Contains("this machine now runs on hv", StringComparison.Ordinal));
        List<string> unexpected = [.. log.Skip(started + 1).Where(line => !Array.Exists(_expected, part => line.Contains(part, StringComparison.Ordinal)))];
        unexpected.ForEach(_output.WriteLine);
        Assert.Empty(unexpected);
    }

    /// <summary>Always the same accesses: with other seeds the guest may put an end to itself, bare as well. HV_FUZZ_SEED has others tried.</summary>
    private string Arguments(string rounds)
    {
        string arguments = rounds + (Environment.GetEnvironmentVariable("HV_FUZZ_SEED") ?? UsualSeed);
        _output.WriteLine(arguments);
        return arguments;
    }
}
