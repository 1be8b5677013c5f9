using System.Collections.Generic;

namespace Hypervisor.Tool.Emulators;

/// <summary>What a QEMU machine has besides.</summary>
public sealed record QemuOptions : MachineOptions
{
    /// <summary>The processor: an AMD server part with nested paging, and the virtualization that QEMU leaves out by default.</summary>
    public const string AmdProcessor = "EPYC,+svm";

    /// <summary>The processor model.</summary>
    public string Processor { get; init; } = AmdProcessor;

    /// <summary>Whether time is counted in instructions: slower, with one thread for all processors, but the same run after run.</summary>
    public bool InstructionCounting { get; init; }

    /// <summary>The TCP port on which QEMU waits for a debugger before the first instruction, or null.</summary>
    public int? DebuggerPort { get; init; }

    /// <summary>Drives on the ports of the AHCI controller from 1 on.</summary>
    public IReadOnlyList<SataDrive> Drives { get; init; } = [];

    /// <summary>Whatever else QEMU is to be told: devices, traces.</summary>
    public IReadOnlyList<string> ExtraArguments { get; init; } = [];

    /// <inheritdoc/>
    public override EmulatorKind Emulator => EmulatorKind.Qemu;

    /// <inheritdoc/>
    public override Machine Create(RunFolder folder) => new QemuMachine(this, folder);
}
