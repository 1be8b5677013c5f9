using System.Runtime.InteropServices;

namespace Hypervisor.Core.Cpu;

/// <summary>
/// The general registers of the guest as the exit stub saves them, in the order instruction encodings number them. RAX and RSP are
/// valid only while an exit is handled: the vendor's control structure owns them.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public struct GuestRegisters
{
    /// <summary>Number of RSP in instruction encodings.</summary>
    public const int StackPointer = 4;

    /// <summary>RAX.</summary>
    public ulong Rax;

    /// <summary>RCX.</summary>
    public ulong Rcx;

    /// <summary>RDX.</summary>
    public ulong Rdx;

    /// <summary>RBX.</summary>
    public ulong Rbx;

    /// <summary>RSP.</summary>
    public ulong Rsp;

    /// <summary>RBP.</summary>
    public ulong Rbp;

    /// <summary>RSI.</summary>
    public ulong Rsi;

    /// <summary>RDI.</summary>
    public ulong Rdi;

    /// <summary>R8.</summary>
    public ulong R8;

    /// <summary>R9.</summary>
    public ulong R9;

    /// <summary>R10.</summary>
    public ulong R10;

    /// <summary>R11.</summary>
    public ulong R11;

    /// <summary>R12.</summary>
    public ulong R12;

    /// <summary>R13.</summary>
    public ulong R13;

    /// <summary>R14.</summary>
    public ulong R14;

    /// <summary>R15.</summary>
    public ulong R15;
}
