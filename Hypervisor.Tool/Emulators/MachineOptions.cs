using System;
using System.IO;

namespace Hypervisor.Tool.Emulators;

/// <summary>What every machine has, whatever emulates it.</summary>
public record MachineOptions
{
    /// <summary>The number of processors if nobody asks for another.</summary>
    public const int DefaultProcessors = 2;

    /// <summary>The memory if nobody asks for another.</summary>
    public const int DefaultMemoryMiB = 1024;

    /// <summary>The number of processors.</summary>
    public int Processors { get; init; } = DefaultProcessors;

    /// <summary>The memory in MiB.</summary>
    public int MemoryMiB { get; init; } = DefaultMemoryMiB;

    /// <summary>Whether the emulator owns this terminal; otherwise the machine's console is in the hands of the program.</summary>
    public bool Interactive { get; init; }

    /// <summary>Where to show live what the machine sends, if anywhere; an interactive machine shows it by itself.</summary>
    public TextWriter? Echo { get; init; }

    /// <summary>When the machine is stopped, whatever it is doing; null for a machine that a person sits at.</summary>
    public TimeSpan? TimeLimit { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Whether the machine is stopped when the hypervisor reports a crash; otherwise it stands until the time limit.</summary>
    public bool StopOnCrash { get; init; } = true;
}
