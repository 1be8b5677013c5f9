namespace Hypervisor.Core.Cpu;

/// <summary>A segment selector: which descriptor, from which table, with which privilege.</summary>
/// <remarks>Intel SDM vol 3 §3.4.2; AMD APM vol 2 §4.5.1.</remarks>
/// <param name="value">The 16 bits of the selector.</param>
public readonly struct SegmentSelector(ushort value)
{
    private const int LocalTableBit = 1 << 2;
    private const int PrivilegeMask = 3;

    /// <summary>The 16 bits of the selector.</summary>
    public ushort Value => value;

    /// <summary>RPL: the privilege level asked for, 0 to 3.</summary>
    public int RequestedPrivilege => value & PrivilegeMask;

    /// <summary>TI: the descriptor is in the LDT, otherwise in the GDT.</summary>
    public bool IsLocal => (value & LocalTableBit) != 0;

    /// <summary>The number of the descriptor in its table, 0 to 8191.</summary>
    public int Index => value >> 3;

    /// <summary>Where the descriptor starts, in bytes from the start of its table.</summary>
    public int Offset => value & ~7;

    /// <summary>The null selector: entry 0 of the GDT with any RPL.</summary>
    public bool IsNull => (value & ~PrivilegeMask) == 0;
}
