using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Text.RegularExpressions;
using Hypervisor.Tool.Emulators;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.Images;
using Hypervisor.Tool.Setup;
using Spectre.Console;

namespace Hypervisor.Tool.Commands;

/// <summary>hv bench: what instructions cost bare and behind the hypervisor, counted in instructions by the emulator.</summary>
public static class BenchCommand
{
    private const double LoopsPerLine = 1000;
    private const string ProgramPath = "bench.efi";
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(4);

    /// <summary>Describes the command.</summary>
    public static Command Create(Workspace workspace)
    {
        Command command = new("bench", "Measure what instructions cost, bare and behind hv, in instructions (QEMU counts them)");
        command.SetAction(_ => Execute(workspace));
        return command;
    }

    private static int Execute(Workspace workspace)
    {
        HostTools.EnsureInstalled(EmulatorKind.Qemu);
        HypervisorBuild.Run(workspace);
        HypervisorBuild.EnsureBootPrograms(workspace);
        HypervisorBuild.BuildBenchmark(workspace);
        GuestParts parts = GuestParts.Get(workspace, KernelFlavor.Cloud);
        IReadOnlyDictionary<string, long> bare = Run(workspace, parts, behindHypervisor: false);
        IReadOnlyDictionary<string, long> behind = Run(workspace, parts, behindHypervisor: true);

        Table table = new Table().AddColumn("operation").AddColumn("bare").AddColumn("behind hv").AddColumn("cost of hv");
        foreach ((string name, long ticks) in bare)
        {
            if (name is "time-stamp" or "empty")
            {
                continue;
            }

            double without = (ticks - bare["empty"]) / LoopsPerLine;
            double with = (behind[name] - behind["empty"]) / LoopsPerLine;
            table.AddRow(name, Number(without), Number(with), Number(with - without));
        }

        AnsiConsole.Write(table);
        Terminal.Note(string.Create(
            CultureInfo.InvariantCulture,
            $"From power-on to the benchmark: {bare["time-stamp"]:N0} ticks bare, {behind["time-stamp"]:N0} with hv loaded first."));
        return ExitCodes.Success;
    }

    private static string Number(double value) => value.ToString("F1", CultureInfo.InvariantCulture);

    private static Dictionary<string, long> Run(Workspace workspace, GuestParts parts, bool behindHypervisor)
    {
        LinuxBootOptions options = new()
        {
            Name = behindHypervisor ? "bench" : "bench-bare",
            Hypervisor = behindHypervisor ? workspace.HypervisorImage : null,
            StopInShell = true,
            DiskFiles =
            [
                GuestFile.FromHost(LaunchList.LauncherPath, workspace.Launcher),
                GuestFile.FromHost(ProgramPath, workspace.Benchmark),
                GuestFile.FromText(LaunchList.ListPath, LaunchList.Program([], behindHypervisor, ProgramPath, string.Empty)),
            ],
            Machine = new QemuOptions { Processors = 2, InstructionCounting = true, TimeLimit = _limit },
        };
        using Machine machine = new LinuxBoot(workspace, parts).Prepare(options);
        Terminal.Step(behindHypervisor ? "Measuring behind hv" : "Measuring bare", () =>
        {
            machine.Start();
            machine.WaitFor("bench: done", _limit, "The benchmark did not end");
            machine.Stop();
        });
        Dictionary<string, long> results = [];
        foreach (Match line in Regex.Matches(File.ReadAllText(machine.Folder.SerialLog), @"bench: (\S+) (\d+)"))
        {
            results[line.Groups[1].Value] = long.Parse(line.Groups[2].ValueSpan, CultureInfo.InvariantCulture);
        }

        machine.Folder.DeleteState();
        return results;
    }
}
