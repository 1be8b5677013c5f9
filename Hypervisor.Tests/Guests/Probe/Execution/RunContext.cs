using System.Runtime.InteropServices;

namespace Hypervisor.Guests.Probe.Execution;

/// <summary>
/// Registers to run a snippet with, and those it ended with. The layout is known to the stubs, see <see cref="Layout.RunContextLayout"/>.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public struct RunContext
{
    /// <summary>RAX.</summary>
    public ulong Rax;

    /// <summary>RCX.</summary>
    public ulong Rcx;

    /// <summary>RDX.</summary>
    public ulong Rdx;

    /// <summary>RBX.</summary>
    public ulong Rbx;

    /// <summary>The place of RSP in the encoding's order; unused.</summary>
    public ulong Unused;

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

    /// <summary>RIP.</summary>
    public ulong Rip;

    /// <summary>CS.</summary>
    public ulong Cs;

    /// <summary>RFLAGS.</summary>
    public ulong RFlags;

    /// <summary>RSP.</summary>
    public ulong Rsp;

    /// <summary>SS.</summary>
    public ulong Ss;

    /// <summary>Stack pointer of the caller; 0 while nothing runs.</summary>
    public ulong CallerRsp;
}
