using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Xunit;
using Xunit.Abstractions;

namespace Hypervisor.Tests.Emulators;

/// <summary>Linux on the hypervisor: what it finds, what it can do afterwards, and how it ends.</summary>
[Trait("Category", "Emulator")]
[Collection(EmulatorCollection.Name)]
public sealed class LinuxOnHypervisorTests
{
    private const int HotplugCycles = 50;
    private const int ParallelCycles = 5;
    private const int IdleSeconds = 20;
    private const double MostIdleExitsPerSecond = 10;
    private const string Variable = "/sys/firmware/efi/efivars/HvTest-6a1c5f0e-93d4-4b62-8a57-0d1e2f3a4b5c";
    private const string VariableText = "kept by the firmware";
    private const string ReadVariable = $"tail -c +5 {Variable}"; // four bytes of attributes come first

    private static readonly TimeSpan _hotplugLimit = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan _clockTolerance = TimeSpan.FromMinutes(2);

    private readonly LinuxFixture _linux;
    private readonly ITestOutputHelper _output;

    public LinuxOnHypervisorTests(LinuxFixture linux, ITestOutputHelper output)
    {
        _linux = linux;
        _output = output;
    }

    [EmulatorFact]
    public void Two_processors()
    {
        using LinuxGuest guest = _linux.Boot(_linux.Options("test-two", hypervisor: true));
        _output.WriteLine($"prompt after {guest.Machine.Elapsed.TotalSeconds:F1} s, bare {_linux.Bare.UntilPrompt.TotalSeconds:F1} s");
        (ulong First, ulong Last) memory = Assert.Single(guest.Launches);
        _output.WriteLine($"memory 0x{memory.First:X} to 0x{memory.Last:X}, {(memory.Last + 1 - memory.First) / 1024} KiB");
        _output.WriteLine(guest.Run("hvctl exits"));

        List<Action> checks =
        [
            () => IsTheSameMachine(MachineFacts.Ask(guest), memory),
            () => IdlesQuietly(guest),
            () => ReadsClock(guest),
            () => KeepsVariable(guest),
            () => ProtectsItsMemory(guest, memory),
            () => TakesBacktraces(guest, processors: 2),
            () => DeliversNmis(guest),
            () => TakesProcessorOfflineAndOnline(guest),
        ];
        Assert.Multiple([.. checks]);
        _output.WriteLine(guest.Run("hvctl exits"));

        guest.Reboot("acpi");
        Assert.Equal(2, guest.Launches.Count);
        Assert.Equal(VariableText, guest.Run(ReadVariable));
        guest.Run("hvctl exits");
        guest.PowerOff();
    }

    [EmulatorFact]
    public void One_processor_and_the_log_on_the_console()
    {
        using LinuxGuest guest = _linux.Boot(_linux.Options("test-one", hypervisor: true, processors: 1) with
        {
            Configuration = "serial = com1\nstatus = on\n",
        });
        Assert.Equal("0", guest.Run("cat /sys/devices/system/cpu/online"));
        _output.WriteLine(guest.Run("hvctl exits"));
        Assert.Empty(guest.Launches);
        Assert.Contains("hv: AMD-V, 1 processor", guest.Machine.Console.Text, StringComparison.Ordinal);
        guest.PowerOff();
    }

    [EmulatorFact]
    public void Four_processors_and_a_reboot_by_triple_fault()
    {
        using LinuxGuest guest = _linux.Boot(_linux.Options("test-four", hypervisor: true, processors: 4));
        Assert.Equal("0-3", guest.Run("cat /sys/devices/system/cpu/online"));
        TakesBacktraces(guest, processors: 4);
        Assert.Equal(
            Enumerable.Repeat($"{ParallelCycles}", 3), guest.Run($"{GuestScripts.HotplugAll} 4 {ParallelCycles}", _hotplugLimit).Split('\n'));
        _output.WriteLine(guest.Run("hvctl exits"));

        guest.Reboot("triple");
        Assert.Equal(2, guest.Launches.Count);
        Assert.Equal("0-3", guest.Run("cat /sys/devices/system/cpu/online"));
        guest.PowerOff();
    }

    private void IsTheSameMachine(MachineFacts facts, (ulong First, ulong Last) memory)
    {
        MachineFacts bare = _linux.Bare.Facts;
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

    private void IdlesQuietly(LinuxGuest guest)
    {
        // Starting a program costs exits too (its libc asks CPUID): as many as between the first two.
        long[] totals = [.. guest.Run($"hvctl exits --total; sleep 0; hvctl exits --total; sleep {IdleSeconds}; hvctl exits --total")
            .Split('\n').Select(line => long.Parse(line, CultureInfo.InvariantCulture))];
        long started = totals[1] - totals[0];
        double rate = (totals[2] - totals[1] - started) / (double)IdleSeconds;
        _output.WriteLine($"idle: {rate:F2} exits a second over {IdleSeconds} s ({totals[2] - totals[1]}, of which {started} for starting programs)");
        Assert.True(rate < MostIdleExitsPerSecond, $"{rate:F2} exits a second");
    }

    private void ReadsClock(LinuxGuest guest)
    {
        string text = guest.Run("echo $(cat /sys/class/rtc/rtc0/date /sys/class/rtc/rtc0/time)");
        DateTime time = DateTime.ParseExact(
            text, "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);
        _output.WriteLine($"clock: {text}");
        Assert.InRange(time, DateTime.UtcNow - _clockTolerance, DateTime.UtcNow + _clockTolerance);
    }

    private static void KeepsVariable(LinuxGuest guest)
    {
        // Attributes: non-volatile, for boot services and at run time.
        guest.Run($@"printf '\007\000\000\000{VariableText}' > {Variable}");
        Assert.Equal(VariableText, guest.Run(ReadVariable));
    }

    private void ProtectsItsMemory(LinuxGuest guest, (ulong First, ulong Last) memory)
    {
        // The same way of reading does find something where there is something: the firmware's ROM below 1 MiB.
        Assert.NotEqual(0, guest.RunNumber(@"dd if=/dev/mem bs=4096 skip=240 count=16 2> /dev/null | tr -d '\000' | wc -c"));

        ulong size = memory.Last + 1 - memory.First;
        string[] lines = guest.Run($"{GuestScripts.PhysicalMemory} {memory.First} {size}").Split('\n');
        string untouched = $"read {size} of which 0";
        Assert.Equal(untouched, lines[0]);
        Assert.Equal(untouched, lines[^1]);
        Assert.All(lines[1..^1], line => Assert.Equal(0UL, Convert.ToUInt64(line, 16)));
        string[] dropped = [.. guest.HypervisorLines.Where(line => line.StartsWith("hv: write to the memory of hv at ", StringComparison.Ordinal))];
        _output.WriteLine($"dropped writes in the log: {dropped.Length}, the first: {dropped.FirstOrDefault()}");
        Assert.NotEmpty(dropped);
        Assert.Contains("ProtectedMemory", guest.Run("hvctl exits"), StringComparison.Ordinal);
    }

    private static void TakesBacktraces(LinuxGuest guest, int processors)
    {
        guest.Run("echo l > /proc/sysrq-trigger; sleep 1");
        for (int i = 0; i < processors; i++)
        {
            Assert.True(guest.RunNumber($"dmesg | grep -c 'NMI backtrace for cpu {i}'") > 0, $"no backtrace of processor {i}");
        }
    }

    private void DeliversNmis(LinuxGuest guest)
    {
        long unknown = NmiLoad.Apply(guest, processors: 2);
        _output.WriteLine($"{unknown} of {NmiLoad.Sent} NMIs came as unknown, bare {_linux.Bare.UnknownNmis}");
        Assert.Equal(_linux.Bare.UnknownNmis, unknown);
    }

    private void TakesProcessorOfflineAndOnline(LinuxGuest guest)
    {
        TimeSpan before = guest.Machine.Elapsed;
        Assert.Equal($"{HotplugCycles}", guest.Run($"{GuestScripts.Hotplug} 1 {HotplugCycles}", _hotplugLimit));
        _output.WriteLine($"processor 1 offline and online {HotplugCycles} times in {(guest.Machine.Elapsed - before).TotalSeconds:F1} s");
        string starts = guest.Run("hvctl exits").Split('\n').Single(line => line.StartsWith("starts ", StringComparison.Ordinal));
        _output.WriteLine(starts);
    }
}
