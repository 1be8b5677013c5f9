using System.Runtime.InteropServices;

namespace Hypervisor.Core.Diagnostics;

/// <summary>One exit of the trace.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct ExitRecord
{
    /// <summary>The vendor's code of the exit.</summary>
    public ulong Code;

    /// <summary>Where the guest was.</summary>
    public ulong Rip;

    /// <summary>First word of information.</summary>
    public ulong Info1;

    /// <summary>Second word of information.</summary>
    public ulong Info2;
}
