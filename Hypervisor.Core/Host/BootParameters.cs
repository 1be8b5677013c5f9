using System.Runtime.InteropServices;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Mediation;
using Hypervisor.Core.Cryptography;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Host;

/// <summary>What the loader hands to the copy of the image in the host's memory.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct BootParameters
{
    /// <summary>Processors a machine may have.</summary>
    public const int MaximumProcessors = 256;

    /// <summary>Where the guest goes on: RIP.</summary>
    public ulong GuestRip;

    /// <summary>Where the guest goes on: RSP.</summary>
    public ulong GuestRsp;

    /// <summary>First byte of the host's memory; the copy of the image stands there.</summary>
    public ulong RegionBase;

    /// <summary>Bytes of the host's memory.</summary>
    public ulong RegionSize;

    /// <summary>Bytes of the image in memory.</summary>
    public ulong ImageSize;

    /// <summary>Where the firmware loaded the driver.</summary>
    public ulong DriverBase;

    /// <summary>Bytes of the loaded driver.</summary>
    public ulong DriverSize;

    /// <summary>Symbols in the copied image; null where none are embedded.</summary>
    public byte* Symbols;

    /// <summary>Bytes of symbols.</summary>
    public uint SymbolsSize;

    /// <summary>Page below 1 MiB to borrow while processors start; 0 where there is only one processor.</summary>
    public ulong LowPage;

    /// <summary>Sections of the copied image.</summary>
    public ImageSection* Sections;

    /// <summary>Number of sections.</summary>
    public uint SectionCount;

    /// <summary>Number of processors.</summary>
    public uint ProcessorCount;

    /// <summary>Their local APIC IDs.</summary>
    public fixed uint ApicIds[MaximumProcessors];

    /// <summary>Physical address of the ACPI root pointer; 0 where there is none.</summary>
    public ulong AcpiRootPointer;

    /// <summary>What the configuration says to mediators.</summary>
    public MediatorConfiguration Mediators;

    /// <summary>Where there is memory, in the loaded driver; null where the firmware does not tell.</summary>
    public MemoryMap* Memory;

    /// <summary>Memory of the firmware that mediators may work in until boot services end; 0 for none.</summary>
    public ulong Scratch;

    /// <summary>Bytes of <see cref="Scratch"/>.</summary>
    public ulong ScratchSize;

    /// <summary>Options of the host.</summary>
    public HostOptions Options;

    /// <summary>Where the options come from.</summary>
    public ConfigurationOrigin Origin;

    /// <summary>Bytes that no other launch has had: the boot id, and the numbers that hypercalls begin with, are made of them.</summary>
    public fixed byte Seed[Sha256.HashSize];

    /// <summary>Whether a password was asked for.</summary>
    public bool PasswordAsked;

    /// <summary>Records to hand over, checked; null where there are none.</summary>
    public byte* Records;

    /// <summary>Bytes of <see cref="Records"/>.</summary>
    public uint RecordsSize;

    /// <summary>Out: why the host could not be built; UTF-8 text in the copied image.</summary>
    public byte* Problem;

    /// <summary>Out: bytes of <see cref="Problem"/>.</summary>
    public int ProblemLength;
}
