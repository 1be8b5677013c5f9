using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using Hypervisor.Tool.Emulators;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tool.Commands;

/// <summary>The part of a command line that says which machine to run, with the options that only one emulator has.</summary>
public sealed class MachineArguments
{
    private const int MostProcessors = 254;
    private const int LeastMemoryMiB = 256;

    private readonly Option<EmulatorKind> _on = CommonOptions.On();
    private readonly Option<int> _processors = new("--cpus")
    {
        Description = "Number of processors",
        DefaultValueFactory = _ => MachineOptions.DefaultProcessors,
    };

    private readonly Option<int> _memory = new("--memory")
    {
        Description = "Memory in MiB",
        DefaultValueFactory = _ => MachineOptions.DefaultMemoryMiB,
    };

    private readonly Option<string?> _processor = new("--cpu")
    {
        Description = $"The processor, as the emulator names it (default: {QemuOptions.AmdProcessor}, {BochsOptions.IntelProcessor})",
    };

    private readonly Option<int?> _timeLimit = new("--timeout")
    {
        Description = "Stop the machine after so many seconds (default: never while somebody sits at it, else 300 on QEMU, 900 on Bochs)",
    };

    private readonly Option<bool> _instructionCounting = new("--icount")
    {
        Description = "QEMU: count time in instructions: slow, but the same run after run (as Bochs always does)",
    };

    private readonly Option<string[]> _extra = new("--qemu")
    {
        Description = "QEMU: a further argument for it; may be given several times",
    };

    private readonly Option<FileInfo[]> _disks = new("--disk")
    {
        Description = $"QEMU: a raw image as a disk on the AHCI controller, with serial numbers from {SataDrive.UsualSerial(1)} on; may be given several times",
    };

    private readonly Option<FileInfo?> _optical = new("--cdrom")
    {
        Description = "QEMU: an image as a CD-ROM on the AHCI controller",
    };

    private readonly Option<int?> _debugger = new("--gdb")
    {
        Description = "QEMU: wait for a debugger on this TCP port before the first instruction",
    };

    private readonly Option<int> _instructionsPerSecond = new("--ips")
    {
        Description = "Bochs: how many instructions make a second of the machine's time",
        DefaultValueFactory = _ => BochsOptions.DefaultInstructionsPerSecond,
    };

    private readonly Option<bool> _noTables = new("--no-acpi")
    {
        Description = "Bochs: publish no ACPI tables, as the firmware leaves it; Linux uses one processor then",
    };

    /// <summary>The options for a command.</summary>
    public IEnumerable<Option> All =>
    [
        _on, _processors, _memory, _processor, _timeLimit, _instructionCounting, _extra, _disks, _optical, _debugger, _instructionsPerSecond,
        _noTables,
    ];

    /// <summary>Adds the options and their rules to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in All)
        {
            command.Options.Add(option);
        }

        RequireRange(_processors, 1, MostProcessors);
        RequireRange(_memory, LeastMemoryMiB, int.MaxValue);
        Restrict(command, [EmulatorKind.Qemu], _instructionCounting, _extra, _disks, _optical, _debugger);
        Restrict(command, [EmulatorKind.Bochs], _instructionsPerSecond, _noTables);
        Restrict(command, [EmulatorKind.Qemu, EmulatorKind.Bochs], _processor);
    }

    /// <summary>The emulator that was chosen.</summary>
    public EmulatorKind Emulator(ParseResult arguments) => arguments.GetValue(_on);

    /// <summary>Whether the machine has drives that only the kernel of ordinary machines knows how to use.</summary>
    public bool HasDrives(ParseResult arguments) => arguments.GetValue(_disks) is { Length: > 0 } || arguments.GetValue(_optical) is not null;

    /// <summary>The machine that was asked for.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="attended">Whether a person sits at it.</param>
    public MachineOptions Describe(ParseResult arguments, bool attended)
    {
        MachineOptions machine = Emulator(arguments) switch
        {
            EmulatorKind.Bochs => new BochsOptions
            {
                Processor = arguments.GetValue(_processor) ?? BochsOptions.IntelProcessor,
                InstructionsPerSecond = arguments.GetValue(_instructionsPerSecond),
                AcpiTables = !arguments.GetValue(_noTables),
            },
            EmulatorKind.Vmware => new VmwareOptions(),
            _ => new QemuOptions
            {
                Processor = arguments.GetValue(_processor) ?? QemuOptions.AmdProcessor,
                InstructionCounting = arguments.GetValue(_instructionCounting),
                DebuggerPort = arguments.GetValue(_debugger),
                Drives = Drives(arguments),
                ExtraArguments = arguments.GetValue(_extra) ?? [],
            },
        };
        return machine with
        {
            Processors = arguments.GetValue(_processors),
            MemoryMiB = arguments.GetValue(_memory),
            Interactive = attended,
            AllowReset = attended,
            TimeLimit = TimeLimit(arguments, attended ? null : machine.TimeLimit),
        };
    }

    private List<SataDrive> Drives(ParseResult arguments)
    {
        List<SataDrive> drives = [];
        foreach (FileInfo file in arguments.GetValue(_disks) ?? [])
        {
            drives.Add(new SataDrive(Existing(file), SataDrive.UsualSerial(drives.Count + 1)));
        }

        if (arguments.GetValue(_optical) is FileInfo optical)
        {
            drives.Add(new SataDrive(Existing(optical), SataDrive.UsualSerial(drives.Count + 1), IsOptical: true));
        }

        return drives.Count <= SataDrive.Most ? drives : throw new HvException($"The machine has room for {SataDrive.Most} drives, and these are {drives.Count}.");
    }

    private static string Existing(FileInfo file) => file.Exists ? file.FullName : throw new HvException($"The image {file.FullName} does not exist.");

    private static void RequireRange(Option<int> option, int least, int most)
    {
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < least || result.GetValueOrDefault<int>() > most)
            {
                result.AddError($"{option.Name} takes a number from {least} to {most}.");
            }
        });
    }

    /// <summary>Refuses options that the chosen emulator does not have.</summary>
    private void Restrict(Command command, IReadOnlyList<EmulatorKind> emulators, params Option[] options)
    {
        command.Validators.Add(result =>
        {
            EmulatorKind chosen = result.GetValue(_on);
            foreach (Option option in options.Where(option => result.GetResult(option) is { Implicit: false } && !emulators.Contains(chosen)))
            {
                result.AddError($"{option.Name} is for {string.Join(" and ", emulators)} only, and this machine runs on {chosen}.");
            }
        });
    }

    private TimeSpan? TimeLimit(ParseResult arguments, TimeSpan? usual)
    {
        return arguments.GetValue(_timeLimit) is int seconds ? TimeSpan.FromSeconds(seconds) : usual;
    }
}
