using System.Runtime.InteropServices;

namespace Hypervisor.Core.Svm;

/// <summary>A segment register in the VMCB (AMD APM vol 2 §15.5.1, table B-2): attributes are packed into 12 bits.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
public struct VmcbSegment
{
    /// <summary>Selector.</summary>
    public ushort Selector;

    /// <summary>Descriptor bits 55:52 and 47:40, in bits 11:0.</summary>
    public ushort Attributes;

    /// <summary>Limit in bytes.</summary>
    public uint Limit;

    /// <summary>Linear base address.</summary>
    public ulong Base;
}
