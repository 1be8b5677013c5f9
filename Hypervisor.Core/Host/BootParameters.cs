using System.Runtime.InteropServices;
using Hypervisor.Core.Configuration;

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

    /// <summary>Memory of the firmware that mediators may work in until boot services end; 0 for none.</summary>
    public ulong Scratch;

    /// <summary>Bytes of <see cref="Scratch"/>.</summary>
    public ulong ScratchSize;

    /// <summary>The configuration's text, which has been found to be good: mediators read their options from it a second time, in the copy.</summary>
    public byte* Configuration;

    /// <summary>Bytes of <see cref="Configuration"/>.</summary>
    public int ConfigurationLength;

    /// <summary>Options of the host.</summary>
    public HostOptions Options;

    /// <summary>Out: why the host could not be built; UTF-8 text in the copied image.</summary>
    public byte* Problem;

    /// <summary>Out: bytes of <see cref="Problem"/>.</summary>
    public int ProblemLength;
}
