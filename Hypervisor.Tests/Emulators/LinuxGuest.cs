using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;
using Hypervisor.Tool.Emulators;
using Hypervisor.Tool.Images;
using Xunit;

namespace Hypervisor.Tests.Emulators;

/// <summary>A Linux guest at its prompt.</summary>
internal sealed partial class LinuxGuest : IDisposable
{
    private const string LinePrefix = "hv: ";
    private const string LaunchPattern = @"^hv: (?:AMD-V|VT-x), (\d+) processors?, memory 0x([0-9A-F]+) to 0x([0-9A-F]+),";

    internal LinuxGuest(Machine machine, MachineOptions options)
    {
        Machine = machine;
        bool translated = options.Emulator == EmulatorKind.Qemu;
        BootLimit = translated ? TimeSpan.FromMinutes(3) : TimeSpan.FromMinutes(12);
        StepLimit = translated ? TimeSpan.FromMinutes(1) : TimeSpan.FromMinutes(5);
    }

    internal Machine Machine { get; }

    /// <summary>Ample for a boot that takes seconds on QEMU and minutes on Bochs, on a host that is doing other things.</summary>
    internal TimeSpan BootLimit { get; }

    /// <summary>Ample for what a guest does once it is up.</summary>
    internal TimeSpan StepLimit { get; }

    /// <summary>QEMU's control connection.</summary>
    internal QemuMonitor Monitor => ((QemuMachine)Machine).Monitor;

    /// <summary>What the hypervisor wrote to the second serial port, without the firmware's words there.</summary>
    internal IReadOnlyList<string> HypervisorLines =>
        [.. RunReport.ReadLines(Machine.Folder.HypervisorLog).Select(line => line.IndexOf(LinePrefix, StringComparison.Ordinal) is int at && at >= 0
            ? line[at..]
            : string.Empty).Where(line => line.Length > 0)];

    /// <summary>Each time the hypervisor started in this run: its memory, from the line it begins its log with.</summary>
    internal IReadOnlyList<(ulong First, ulong Last)> Launches =>
        [.. HypervisorLines.Select(line => LaunchLine().Match(line)).Where(match => match.Success)
            .Select(match => (Convert.ToUInt64(match.Groups[2].Value, 16), Convert.ToUInt64(match.Groups[3].Value, 16)))];

    /// <summary>Waits for the prompt, and keeps the kernel's words off the console from then on.</summary>
    internal void WaitForPrompt()
    {
        Machine.WaitFor(GuestMarkers.Ready, BootLimit, "Linux did not come up");
        Machine.WaitFor(GuestMarkers.Prompt, StepLimit);
        Run("dmesg -n 1");
    }

    /// <summary>Runs a command at the prompt and returns what it printed; it must succeed.</summary>
    internal string Run(string command) => Run(command, StepLimit);

    /// <summary>Runs a command that may take longer.</summary>
    internal string Run(string command, TimeSpan limit)
    {
        // The console echoes what is typed: quotes in the middle of the markers tell the echo from the answer.
        Machine.SendLine($"echo be''gins; {command}; echo en''ds $?");
        Match match = Machine.WaitFor(@"(?:^|\n)begins\n([\s\S]*?)ends (\d+)\n", limit, $"'{command}' did not end");
        Assert.True(match.Groups[2].Value == "0", $"'{command}' ended with {match.Groups[2].Value}: {match.Groups[1].Value}");
        return match.Groups[1].Value.TrimEnd();
    }

    /// <summary>Runs a command whose answer is one number.</summary>
    internal long RunNumber(string command)
    {
        string answer = Run(command);
        Assert.True(long.TryParse(answer, out long number), $"'{command}' answered '{answer}'");
        return number;
    }

    /// <summary>Types a command at the prompt of the UEFI Shell and returns what came until the next one, on one line: the Shell breaks lines at its width.</summary>
    internal string RunInShell(string command)
    {
        Machine.SendLine(command);
        return Machine.WaitFor(@"([\s\S]*?)FS0:\\> ", StepLimit, $"The Shell's '{command}' did not end").Groups[1].Value.Replace("\n", string.Empty);
    }

    /// <summary>Boots Linux from the prompt of the UEFI Shell.</summary>
    internal void BootFromShell()
    {
        Machine.SendLine("linux.nsh");
        WaitForPrompt();
    }

    /// <summary>Reboots by one of the ways the kernel knows ("acpi", "kbd", "triple", "efi") and waits for the prompt of the next boot.</summary>
    internal void Reboot(string way)
    {
        Run($"echo {way} > /sys/kernel/reboot/type");
        Machine.SendLine("reboot -f");
        WaitForPrompt();
    }

    /// <summary>Powers off; fails if the machine does not end, or if the hypervisor crashed on the way.</summary>
    internal void PowerOff()
    {
        Machine.SendLine("poweroff -f");
        Assert.Equal(0, Machine.WaitForExit(StepLimit));
        Assert.Empty(RunReport.FindCrash(Machine.Folder));
        Machine.Folder.DeleteState();
    }

    /// <summary>Powers off from the prompt of the UEFI Shell.</summary>
    internal void EndInShell()
    {
        Machine.SendLine("reset -s");
        Assert.Equal(0, Machine.WaitForExit(StepLimit));
        Assert.Empty(RunReport.FindCrash(Machine.Folder));
        Machine.Folder.DeleteState();
    }

    public void Dispose()
    {
        Machine.Dispose();
    }

    [GeneratedRegex(LaunchPattern)]
    private static partial Regex LaunchLine();
}
