using System.Runtime.InteropServices;

namespace Hypervisor.Core.Host;

/// <summary>64-bit task state segment (AMD APM vol 2 §12.2.5): only the interrupt stacks matter.</summary>
[StructLayout(LayoutKind.Explicit, Size = 104)]
public struct TaskStateSegment
{
    /// <summary>Stack of faults: IST 1.</summary>
    [FieldOffset(36)]
    public ulong FaultStack;

    /// <summary>Stack of NMIs: IST 2.</summary>
    [FieldOffset(44)]
    public ulong NmiStack;

    /// <summary>Stack of machine checks: IST 3.</summary>
    [FieldOffset(52)]
    public ulong MachineCheckStack;

    /// <summary>Offset of the I/O bitmap; beyond the limit means there is none.</summary>
    [FieldOffset(102)]
    public ushort IoMapBase;
}
