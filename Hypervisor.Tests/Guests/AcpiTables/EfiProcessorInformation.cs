using System.Runtime.InteropServices;

namespace Hypervisor.Guests.AcpiTables;

/// <summary>EFI_PROCESSOR_INFORMATION (UEFI PI 1.7, volume 2 §13.4.3).</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct EfiProcessorInformation
{
    private const int LocationFields = 9; // package, core, thread, and six more for larger machines

    /// <summary>The local APIC ID.</summary>
    public ulong ProcessorId;

    /// <summary>Whether it is the bootstrap processor, enabled, healthy.</summary>
    public uint StatusFlag;

    private fixed uint _location[LocationFields];
}
