using System;
using System.Text.RegularExpressions;
using Hypervisor.Tool.Emulators;
using Xunit;
using Xunit.Abstractions;

namespace Hypervisor.Tests.Emulators;

/// <summary>The UEFI Shell on Bochs, before and after hv.efi was loaded into the machine that it runs on.</summary>
[Trait("Category", "Emulator")]
[Collection(EmulatorCollection.Name)]
public sealed partial class BochsShellTests
{
    private const string Started = "hv: this machine now runs on hv";
    private static readonly BochsOptions _machine = new() { Processors = 1, MemoryMiB = 512, TimeLimit = TimeSpan.FromMinutes(6) };

    private readonly LinuxFixture _linux;
    private readonly ITestOutputHelper _output;

    public BochsShellTests(LinuxFixture linux, ITestOutputHelper output)
    {
        _linux = linux;
        _output = output;
    }

    [BochsFact]
    public void Bare_the_Shell_lists_files_and_memory_and_powers_off()
    {
        using LinuxGuest guest = _linux.StopInShell(_linux.Options("test-bochs-shell-bare", hypervisor: false, _machine));
        Note(guest, "prompt");
        Assert.Contains("acpi: tables for 1 processor", guest.Machine.Console.Text, StringComparison.Ordinal);
        Assert.Contains("startup.nsh", Files(guest), StringComparison.Ordinal);
        Assert.InRange(TotalMemory(guest), 500_000_000, 512L << 20);
        PowerOff(guest);
    }

    [BochsFact(Hypervisor = true)]
    public void Behind_the_hypervisor_the_Shell_goes_on_as_before()
    {
        using LinuxGuest guest = _linux.StopInShell(_linux.Options("test-bochs-shell", hypervisor: true, _machine));
        Note(guest, "prompt");
        string control = $"hvctl status --secret \"{LinuxBootOptions.DefaultSecret}\"";
        Assert.Contains("no hypervisor answers", guest.RunInShell(control), StringComparison.Ordinal);
        string files = Files(guest);
        long memory = TotalMemory(guest);
        Assert.Contains(Started, guest.RunInShell(@"load fs0:\hv.efi"), StringComparison.Ordinal);
        Note(guest, "on the hypervisor");
        (ulong first, ulong last) = Assert.Single(guest.Launches);
        Assert.Equal(files, Files(guest));
        // The Shell leaves reserved memory out of the sum: what has gone is what the hypervisor keeps, to the byte.
        Assert.Equal(last + 1 - first, (ulong)(memory - TotalMemory(guest)));
        string status = guest.RunInShell(control);
        _output.WriteLine(status);
        Assert.Contains("processors    1, VT-x", status, StringComparison.Ordinal);
        PowerOff(guest);
    }

    private static string Files(LinuxGuest guest) => guest.RunInShell("ls");

    /// <summary>What the Shell's table of memory adds up to, in bytes.</summary>
    private static long TotalMemory(LinuxGuest guest)
    {
        string answer = guest.RunInShell("memmap");
        Match total = Total().Match(answer);
        Assert.True(total.Success, answer);
        return long.Parse(total.Groups[1].ValueSpan.ToString().Replace(",", string.Empty, StringComparison.Ordinal), System.Globalization.CultureInfo.InvariantCulture);
    }

    private void PowerOff(LinuxGuest guest)
    {
        guest.Machine.SendLine("reset -s");
        Assert.Equal(0, guest.Machine.WaitForExit(guest.StepLimit));
        Assert.Empty(RunReport.FindCrash(guest.Machine.Folder));
        Note(guest, "off");
        guest.Machine.Folder.DeleteState();
    }

    private void Note(LinuxGuest guest, string what) => _output.WriteLine($"{what} after {guest.Machine.Elapsed.TotalSeconds:F1} s");

    [GeneratedRegex(@"Total Memory:\s*[\d,]+ MB \(([\d,]+) Bytes\)")]
    private static partial Regex Total();
}
