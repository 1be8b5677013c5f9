using System;
using System.Collections.Generic;
using System.Globalization;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tool.Emulators;

/// <summary>What a Bochs machine has besides.</summary>
public sealed record BochsOptions : MachineOptions
{
    /// <summary>The processor: the first of Bochs 2.7's Intel server parts, with all of VT-x that hv uses.</summary>
    public const string IntelProcessor = "corei7_skylake_x";

    /// <summary>How many instructions make a second of the machine's time, if nobody asks for another number.</summary>
    /// <remarks>
    /// Fewer than the host emulates: what waits for time to pass (count-downs, the serial line, calibrations) then waits shorter. Many fewer, and
    /// a kernel spends its instructions on timer interrupts.
    /// </remarks>
    public const int DefaultInstructionsPerSecond = 10_000_000;

    private const int InstructionsPerKilohertz = 1000;
    private const int JiffiesPerSecond = 250; // Debian's CONFIG_HZ

    /// <summary>Creates the options; everything takes Bochs longer than QEMU, which translates instructions.</summary>
    public BochsOptions()
    {
        TimeLimit = TimeSpan.FromMinutes(15);
    }

    /// <summary>The processor model.</summary>
    public string Processor { get; init; } = IntelProcessor;

    /// <summary>How many instructions make a second of the machine's time; the time-stamp counter counts them.</summary>
    public int InstructionsPerSecond { get; init; } = DefaultInstructionsPerSecond;

    /// <summary>Whether an EFI program publishes the ACPI tables that the firmware does not find on Bochs: without them there is one processor.</summary>
    public bool AcpiTables { get; init; } = true;

    /// <inheritdoc/>
    public override EmulatorKind Emulator => EmulatorKind.Bochs;

    /// <inheritdoc/>
    /// <remarks>
    /// What the kernel would measure with seconds of waiting is known: the time-stamp counter runs with the instructions. And it need not test its
    /// cryptography, which takes a third of all instructions on the way to init.
    /// </remarks>
    public override string KernelArguments => string.Create(
        CultureInfo.InvariantCulture,
        $"tsc_early_khz={InstructionsPerSecond / InstructionsPerKilohertz} lpj={InstructionsPerSecond / JiffiesPerSecond} tsc=reliable cryptomgr.notests");

    /// <inheritdoc/>
    public override IReadOnlyList<string> FirmwarePrograms(Workspace workspace) => AcpiTables ? [workspace.AcpiTables] : [];

    /// <inheritdoc/>
    public override Machine Create(RunFolder folder) => new BochsMachine(this, folder);
}
