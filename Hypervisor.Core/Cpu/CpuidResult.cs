using System.Runtime.InteropServices;

namespace Hypervisor.Core.Cpu;

/// <summary>The four registers CPUID answers with, in the order the stub stores them.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct CpuidResult
{
    /// <summary>EAX.</summary>
    public uint Eax;

    /// <summary>EBX.</summary>
    public uint Ebx;

    /// <summary>ECX.</summary>
    public uint Ecx;

    /// <summary>EDX.</summary>
    public uint Edx;
}
