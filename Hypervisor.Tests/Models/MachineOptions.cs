using System;
using Hypervisor.Core.Configuration;

namespace Hypervisor.Tests.Models;

/// <summary>What a simulated machine looks like.</summary>
internal sealed record MachineOptions
{
    internal int Processors { get; init; } = 2;

    internal int AddressBits { get; init; } = 40;

    /// <summary>EPYC-like: next RIP and decode assists; else like QEMU's processor.</summary>
    internal bool IsEpyc { get; init; }

    /// <summary>The Intel processor that all of them are; null for AMD's.</summary>
    internal ProcessorDump? Intel { get; init; }

    /// <summary>Called for each processor before the host is launched.</summary>
    internal Action<SimulatedProcessor>? Configure { get; init; }

    internal bool X2Apic { get; init; }

    internal bool HasRedirectInit { get; init; }

    internal ulong RegionBase { get; init; } = 0x7000_0000;

    /// <summary>Bytes in addition to what the host asks for.</summary>
    internal ulong ExtraSize { get; init; }

    internal ulong ImageSize { get; init; } = 0x20000;

    internal ulong ApicPage { get; init; } = SimulatedProcessor.ApicPage;

    internal HostOptions Host { get; init; }

    /// <summary>Guest-physical address of the ACPI root pointer.</summary>
    internal ulong AcpiRootPointer { get; init; }

    /// <summary>Guest-physical address of memory for mediators to work in.</summary>
    internal ulong Scratch { get; init; } = 0x5000_0000;

    /// <summary>Bytes of it.</summary>
    internal ulong ScratchSize { get; init; }

    /// <summary>Where the firmware says that there is memory, and whether it keeps that for itself; nothing is known without it.</summary>
    internal (ulong Start, ulong End, bool IsReserved)[] Memory { get; init; } = [];

    /// <summary>Called with the machine before mediators are attached: fills the guest's memory.</summary>
    internal Action<SimulatedMachine>? Fill { get; init; }

    /// <summary>The table of records that is handed over; empty for none.</summary>
    internal byte[] Records { get; init; } = [];
}
