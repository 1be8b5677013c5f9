using System;
using System.Collections.Generic;
using System.IO;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tool.Emulators;

/// <summary>What every machine has, whatever emulates it.</summary>
public abstract record MachineOptions
{
    /// <summary>The number of processors if nobody asks for another.</summary>
    public const int DefaultProcessors = 2;

    /// <summary>The memory if nobody asks for another.</summary>
    public const int DefaultMemoryMiB = 1024;

    /// <summary>The number of processors.</summary>
    public int Processors { get; init; } = DefaultProcessors;

    /// <summary>The memory in MiB.</summary>
    public int MemoryMiB { get; init; } = DefaultMemoryMiB;

    /// <summary>Whether this terminal is the machine's console; otherwise the console is in the hands of the program.</summary>
    public bool Interactive { get; init; }

    /// <summary>Where to show live what the machine sends, if anywhere; an interactive machine shows it by itself.</summary>
    public TextWriter? Echo { get; init; }

    /// <summary>When the machine is stopped, whatever it is doing; null for a machine that a person sits at.</summary>
    public TimeSpan? TimeLimit { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Whether the guest may reset the machine; otherwise a reset ends it.</summary>
    public bool AllowReset { get; init; }

    /// <summary>Whether the machine is stopped when the hypervisor reports a crash; otherwise it stands until the time limit.</summary>
    public bool StopOnCrash { get; init; } = true;

    /// <summary>The emulator of the machine.</summary>
    public abstract EmulatorKind Emulator { get; }

    /// <summary>What a Linux kernel has to be told about such a machine, bare or not.</summary>
    public virtual string KernelArguments => string.Empty;

    /// <summary>EFI programs that run before anything else, for what this machine's firmware lacks.</summary>
    public virtual IReadOnlyList<string> FirmwarePrograms(Workspace workspace) => [];

    /// <summary>Makes the machine; its disk must be in the folder when it starts.</summary>
    public abstract Machine Create(RunFolder folder);
}
