using System;
using System.Collections.Generic;
using System.Linq;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.Images;

namespace Hypervisor.Tool.Emulators;

/// <summary>Runs the probe, the EFI program of checks, and returns what it says.</summary>
public sealed class ProbeRun
{
    /// <summary>The beginning of a line that must be the same bare and behind the hypervisor.</summary>
    public const string ResultPrefix = "probe: ";

    /// <summary>The beginning of a line that is only noted.</summary>
    public const string NotePrefix = "probe~ ";

    private const string LastLine = "probe: done:";
    private static readonly TimeSpan _longest = TimeSpan.FromHours(1);
    private static readonly TimeSpan _powerOffLimit = TimeSpan.FromSeconds(30);
    private readonly Workspace _workspace;

    /// <summary>Creates a run; it needs the launcher and the probe to be built.</summary>
    public ProbeRun(Workspace workspace)
    {
        _workspace = workspace;
    }

    /// <summary>The machine.</summary>
    public MachineOptions Machine { get; init; } = new QemuOptions { TimeLimit = TimeSpan.FromMinutes(2) };

    /// <summary>The hypervisor's image, or null for a bare run.</summary>
    public string? Hypervisor { get; init; }

    /// <summary>The probe's load options.</summary>
    public string Arguments { get; init; } = string.Empty;

    /// <summary>The text of the hypervisor's configuration, or null for its defaults.</summary>
    public string? Configuration { get; init; }

    /// <summary>What the hypervisor has written to its log by the end of <see cref="Execute"/>.</summary>
    public IReadOnlyList<string> HypervisorLog { get; private set; } = [];

    /// <summary>Runs it and waits for the machine to power off.</summary>
    /// <param name="name">The name of the run's folder.</param>
    /// <returns>The probe's lines, notes among them.</returns>
    public IReadOnlyList<string> Execute(string name)
    {
        ProgramBootOptions options = new()
        {
            Name = name,
            Program = _workspace.Probe,
            Arguments = Arguments,
            Hypervisor = Hypervisor,
            Machine = Machine,
            DiskFiles = Configuration is string text ? [GuestFile.FromText(BootScripts.ConfigurationPath, text)] : [],
        };
        using Machine machine = ProgramBoot.Prepare(_workspace, options);
        machine.Start();
        machine.WaitFor(LastLine, Machine.TimeLimit ?? _longest, "The probe did not come to its end");
        // The launcher runs on the firmware that the probe has handed back: powering off is a check too.
        machine.WaitForExit(_powerOffLimit);
        HypervisorLog = RunReport.ReadLines(machine.Folder.HypervisorLog);
        string[] lines = machine.Console.Text.Split('\n');
        machine.Folder.DeleteState();
        return [.. lines.Select(line => line.TrimEnd('\r')).Where(IsOfProbe)];
    }

    /// <summary>The lines that must be the same bare and behind the hypervisor.</summary>
    public static IReadOnlyList<string> Results(IEnumerable<string> lines)
    {
        return [.. lines.Where(line => line.StartsWith(ResultPrefix, StringComparison.Ordinal))];
    }

    private static bool IsOfProbe(string line)
    {
        return line.StartsWith(ResultPrefix, StringComparison.Ordinal) || line.StartsWith(NotePrefix, StringComparison.Ordinal);
    }
}
