using System.Runtime.InteropServices;

namespace Hypervisor.Core.Cpu;

/// <summary>GDTR or IDTR as LGDT, SGDT, LIDT and SIDT move it in 64-bit mode (Intel SDM vol 3 §2.4.1): ten bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct DescriptorTableRegister
{
    /// <summary>Offset of the table's last byte.</summary>
    public ushort Limit;

    /// <summary>Linear address of the table.</summary>
    public ulong Base;
}
