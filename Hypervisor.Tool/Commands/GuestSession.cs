using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text.RegularExpressions;
using System.Threading;
using Hypervisor.Tool.Emulators;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.Images;

namespace Hypervisor.Tool.Commands;

/// <summary>What the tool does while a machine runs.</summary>
public static class GuestSession
{
    private static readonly TimeSpan _powerOffLimit = TimeSpan.FromSeconds(30);

    /// <summary>Leaves the terminal to the machine until it ends.</summary>
    public static int Attend(Machine machine)
    {
        int exitCode = machine.WaitForExit();
        IReadOnlyList<string> crash = RunReport.FindCrash(machine.Folder);
        if (exitCode != ExitCodes.Success || crash.Count > 0)
        {
            Terminal.Error($"The machine ended with exit code {exitCode}.");
            Console.Error.WriteLine(RunReport.Describe(machine.Folder));
            return ExitCodes.Failure;
        }

        return ExitCodes.Success;
    }

    /// <summary>Waits for the guest to run its command and returns the command's exit status.</summary>
    public static int RunCommand(Machine machine, TimeSpan? limit)
    {
        TimeSpan patience = limit ?? Timeout.InfiniteTimeSpan;
        string firstWords = $"{GuestMarkers.Ready}|{GuestMarkers.NotLoaded}|{GuestMarkers.RequiredImageFailed}";
        Match first = machine.WaitFor(firstWords, patience, "Linux did not come up");
        double readySeconds = machine.Elapsed.TotalSeconds;
        if (!first.Groups[1].Success)
        {
            machine.WaitForExit(_powerOffLimit);
            Terminal.Error("The hypervisor refused to load; the firmware's words are above.");
            return ExitCodes.Failure;
        }

        Match end = machine.WaitFor(GuestMarkers.CommandEnded, patience, "The guest's command did not end");
        machine.WaitForExit(_powerOffLimit);
        Terminal.Note(string.Create(
            CultureInfo.InvariantCulture,
            $"Linux was up after {readySeconds:F1} s, the machine off after {machine.Elapsed.TotalSeconds:F1} s."));
        return int.Parse(end.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
    }
}
