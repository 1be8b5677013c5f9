using System.Runtime.InteropServices;

namespace Hypervisor.Core.Memory;

/// <summary>How one processor's nested tables show the local APIC page, so that the trap comes and goes without touching other processors.</summary>
[StructLayout(LayoutKind.Sequential, Size = 0x40)]
public struct ApicWindow
{
    /// <summary>Guest-physical address of the page.</summary>
    public ulong Page;

    /// <summary>Address of the table entry that maps it.</summary>
    public ulong Entry;

    /// <summary>Whether writes exit.</summary>
    public bool Armed;

    /// <summary>Whether the local APIC is in x2APIC mode: commands are written through an MSR instead.</summary>
    public bool X2Apic;

    /// <summary>Whether the entry changed and this processor's translations have to be flushed before the guest goes on.</summary>
    public bool FlushNeeded;

    /// <summary>Logical destination register, as last seen.</summary>
    public uint LogicalDestination;

    /// <summary>Destination format register, as last seen.</summary>
    public uint DestinationFormat;

    /// <summary>The arming generation this processor has followed.</summary>
    public uint Generation;
}
