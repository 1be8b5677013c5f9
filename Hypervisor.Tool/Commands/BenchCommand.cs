using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Text.RegularExpressions;
using Hypervisor.Tool.Benchmarks;
using Hypervisor.Tool.Emulators;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.Images;
using Hypervisor.Tool.Setup;
using Spectre.Console;

namespace Hypervisor.Tool.Commands;

/// <summary>hv bench: what instructions, or a whole boot of Linux, cost bare and behind the hypervisor, counted in instructions by the emulator.</summary>
public sealed class BenchCommand
{
    private const double LoopsPerLine = 1000;
    private const int QemuInstructionsPerMicrosecond = 1000; // -icount shift=0: a nanosecond each
    private const int MicrosecondsPerSecond = 1_000_000;
    private const string Bare = "bare";
    private const string Behind = "behind hv";

    private readonly Workspace _workspace;
    private readonly Option<EmulatorKind> _on = CommonOptions.On();
    private readonly Option<bool> _linux = new("--linux") { Description = "Measure the boot of Linux from its first line to init instead of single instructions" };
    private readonly Option<bool> _cipher = new("--cipher") { Description = "Measure on this processor what encrypting a disk costs, against its AES instructions alone" };
    private readonly Option<int> _processors = new("--cpus")
    {
        Description = "Number of processors (default: 2 for instructions, so that the local APIC is trapped; 1 for Linux)",
    };

    private BenchCommand(Workspace workspace)
    {
        _workspace = workspace;
    }

    /// <summary>Describes the command.</summary>
    public static Command Create(Workspace workspace)
    {
        BenchCommand bench = new(workspace);
        Command command = new("bench", "Measure what hv costs, in instructions, which QEMU and Bochs count")
        {
            bench._on, bench._linux, bench._cipher, bench._processors,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(bench._on) == EmulatorKind.Vmware)
            {
                result.AddError("VMware does not count instructions: measure on qemu or bochs.");
            }
        });
        command.SetAction(bench.Execute);
        return command;
    }

    private static string Number(double value) => value.ToString("F1", CultureInfo.InvariantCulture);

    private int Execute(ParseResult arguments)
    {
        if (arguments.GetValue(_cipher))
        {
            return MeasureCipher();
        }

        EmulatorKind emulator = arguments.GetValue(_on);
        HostTools.EnsureInstalled(emulator);
        HypervisorBuild.Run(_workspace);
        HypervisorBuild.EnsureBootPrograms(_workspace);
        bool linux = arguments.GetValue(_linux);
        int processors = arguments.GetValue(_processors) is int given and > 0 ? given : linux ? 1 : MachineOptions.DefaultProcessors;
        MachineOptions machine = emulator == EmulatorKind.Bochs
            ? new BochsOptions { Processors = processors }
            : new QemuOptions { Processors = processors, InstructionCounting = true, TimeLimit = TimeSpan.FromMinutes(10) };
        if (linux)
        {
            MeasureLinux(machine);
        }
        else
        {
            MeasureInstructions(machine);
        }

        return ExitCodes.Success;
    }

    private static int MeasureCipher()
    {
        if (!CipherBenchmark.IsSupported)
        {
            Terminal.Note("This processor has no AES instructions.");
            return ExitCodes.Failure;
        }

        using CipherBenchmark benchmark = new();
        IReadOnlyList<(string Operation, double Speed)> results = benchmark.Run();
        Table table = new Table().AddColumn("operation").AddColumn("MiB/s").AddColumn("time against the first");
        foreach ((string operation, double speed) in results)
        {
            table.AddRow(operation, Number(speed), (results[0].Speed / speed).ToString("F2", CultureInfo.InvariantCulture));
        }

        AnsiConsole.Write(table);
        return ExitCodes.Success;
    }

    private void MeasureInstructions(MachineOptions machine)
    {
        HypervisorBuild.BuildBenchmark(_workspace);
        IReadOnlyDictionary<string, long> bare = RunProgram(machine, Bare, hypervisor: null);
        IReadOnlyDictionary<string, long> behind = RunProgram(machine, Behind, _workspace.HypervisorImage);

        Table table = new Table().AddColumn("operation").AddColumn(Bare).AddColumn(Behind).AddColumn("cost of hv");
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
    }

    private Dictionary<string, long> RunProgram(MachineOptions options, string title, string? hypervisor)
    {
        using Machine machine = ProgramBoot.Prepare(_workspace, new ProgramBootOptions
        {
            Name = hypervisor is null ? "bench-bare" : "bench",
            Program = _workspace.Benchmark,
            Hypervisor = hypervisor,
            DiskFiles = [GuestFile.FromText(BootScripts.ConfigurationPath, LinuxBootOptions.DefaultConfiguration)],
            Machine = options,
        });
        Terminal.Step($"Measuring {title}", () =>
        {
            machine.Start();
            machine.WaitFor("bench: done", Patience(options), "The benchmark did not end");
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

    private void MeasureLinux(MachineOptions machine)
    {
        GuestParts parts = GuestParts.Get(_workspace, KernelFlavor.Cloud);
        long bare = BootLinux(machine, parts, Bare, hypervisor: null);
        long behind = BootLinux(machine, parts, Behind, _workspace.HypervisorImage);
        Terminal.Note(string.Create(
            CultureInfo.InvariantCulture,
            $"Linux from its first line to init: {bare:N0} instructions bare, {behind:N0} behind hv: {(behind - bare) * 100.0 / bare:+0.00;-0.00} %."));
    }

    private long BootLinux(MachineOptions options, GuestParts parts, string title, string? hypervisor)
    {
        using Machine machine = new LinuxBoot(_workspace, parts).Prepare(new LinuxBootOptions
        {
            Name = hypervisor is null ? "bench-linux-bare" : "bench-linux",
            Hypervisor = hypervisor,
            Command = "true",
            Machine = options,
        });
        Terminal.Step($"Booting Linux {title}", () =>
        {
            machine.Start();
            machine.WaitFor(GuestMarkers.Ready, Patience(options), "Linux did not come up");
            machine.Stop();
        });
        long microseconds = BootTime.Read(machine.Folder)
            ?? throw new MachineException("The kernel did not say when it started init.", machine.Folder);
        machine.Folder.DeleteState();
        return options is BochsOptions bochs
            ? microseconds * bochs.InstructionsPerSecond / MicrosecondsPerSecond
            : microseconds * QemuInstructionsPerMicrosecond;
    }

    private static TimeSpan Patience(MachineOptions options) => options.TimeLimit ?? TimeSpan.FromHours(1);
}
