using System.Collections.Generic;
using Hypervisor.Tool.Emulators;
using Xunit;
using Xunit.Abstractions;

namespace Hypervisor.Tests.Emulators;

/// <summary>
/// Linux on Bochs: with one processor and no ACPI tables, as the firmware leaves that machine, and with two processors and the tables of acpi.efi. Behind
/// the hypervisor it is the same machine, but for the memory that the hypervisor keeps and for VMX.
/// </summary>
[Trait("Category", "Emulator")]
[Trait("Category", "Slow")]
[Collection(EmulatorCollection.Name)]
public sealed class BochsLinuxTests
{
    private static readonly BochsOptions _one = new() { Processors = 1, MemoryMiB = 512, AcpiTables = false };
    private static readonly BochsOptions _two = new() { Processors = 2, MemoryMiB = 512 };

    private readonly LinuxFixture _linux;
    private readonly ITestOutputHelper _output;

    public BochsLinuxTests(LinuxFixture linux, ITestOutputHelper output)
    {
        _linux = linux;
        _output = output;
    }

    [BochsFact]
    public void Bare_one_processor_without_tables() => IsBare(AskBare("test-bochs-one-bare", _one), "0");

    [BochsFact]
    public void Bare_two_processors() => IsBare(AskBare("test-bochs-two-bare", _two), "0-1");

    [BochsFact(Hypervisor = true)]
    public void Behind_the_hypervisor_one_processor_without_tables() => IsTheSameMachine("test-bochs-one", _one);

    [BochsFact(Hypervisor = true)]
    public void Behind_the_hypervisor_two_processors() => IsTheSameMachine("test-bochs-two", _two);

    private static void IsBare(MachineFacts facts, string online)
    {
        Assert.Equal(online, facts.Online);
        Assert.Contains("vmx", facts.VirtualizationFlags);
        Assert.NotEmpty(facts.PciDevices);
        Assert.NotEqual(0, facts.E820.Count);
        Assert.Equal(SvmTryProgram.Attempts, facts.Attempts.Count);
    }

    private MachineFacts AskBare(string name, BochsOptions machine)
    {
        using LinuxGuest guest = Boot(name, hypervisor: false, machine);
        MachineFacts facts = MachineFacts.Ask(guest);
        Assert.Equal(GuestScripts.NoAnswer, guest.Run("hvctl exits 2>&1 || [ $? = 3 ]"));
        guest.PowerOff();
        return facts;
    }

    private void IsTheSameMachine(string name, BochsOptions machine)
    {
        MachineFacts bare = AskBare($"{name}-bare", machine);
        using LinuxGuest guest = Boot(name, hypervisor: true, machine);
        (ulong First, ulong Last) memory = Assert.Single(guest.Launches);
        _output.WriteLine(guest.Run("hvctl exits"));
        MachineFacts facts = MachineFacts.Ask(guest);
        guest.PowerOff();

        IReadOnlyList<string> warnings = facts.WarningsBeyond(bare);
        foreach (string line in warnings)
        {
            _output.WriteLine($"new in the kernel's log: {line}");
        }

        Assert.Multiple(
            () => Assert.Equal(bare.Online, facts.Online),
            () => Assert.Equal(bare.Processors, facts.Processors),
            () => Assert.Empty(facts.VirtualizationFlags),
            () => Assert.Equal(bare.PciDevices, facts.PciDevices),
            () => Assert.Equal((memory.First, memory.Last, "usable", "reserved"), Assert.Single(facts.E820.DifferencesFrom(bare.E820, facts.EfiMap))),
            () => Assert.Equal((memory.First, memory.Last, "usable", "reserved"), Assert.Single(facts.EfiMap.DifferencesFrom(bare.EfiMap, facts.EfiMap))),
            () => Assert.Empty(warnings),
            () => Assert.Equal(bare.Attempts, facts.Attempts));
    }

    private LinuxGuest Boot(string name, bool hypervisor, BochsOptions machine)
    {
        LinuxGuest guest = _linux.Boot(_linux.Options(name, hypervisor, machine));
        _output.WriteLine($"{name}: prompt after {guest.Machine.Elapsed.TotalSeconds:F1} s");
        return guest;
    }
}
