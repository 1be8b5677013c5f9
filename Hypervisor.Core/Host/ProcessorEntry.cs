using System.Runtime.InteropServices;

namespace Hypervisor.Core.Host;

/// <summary>A processor in the table that the start-up code searches: 16 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct ProcessorEntry
{
    /// <summary>Local APIC ID.</summary>
    public uint ApicId;

    /// <summary>ACPI processor flags of the MADT, for the log.</summary>
    public uint Flags;

    /// <summary>Its data.</summary>
    public ProcessorData* Data;
}
