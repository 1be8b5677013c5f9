using System.Runtime.InteropServices;

namespace Hypervisor.Core.Host;

/// <summary>What the host's exception entry leaves on the stack: general registers, vector, error code and the processor's own frame.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct ExceptionFrame
{
    /// <summary>R15.</summary>
    public ulong R15;

    /// <summary>R14.</summary>
    public ulong R14;

    /// <summary>R13.</summary>
    public ulong R13;

    /// <summary>R12.</summary>
    public ulong R12;

    /// <summary>R11.</summary>
    public ulong R11;

    /// <summary>R10.</summary>
    public ulong R10;

    /// <summary>R9.</summary>
    public ulong R9;

    /// <summary>R8.</summary>
    public ulong R8;

    /// <summary>RDI.</summary>
    public ulong Rdi;

    /// <summary>RSI.</summary>
    public ulong Rsi;

    /// <summary>RBP.</summary>
    public ulong Rbp;

    /// <summary>RBX.</summary>
    public ulong Rbx;

    /// <summary>RDX.</summary>
    public ulong Rdx;

    /// <summary>RCX.</summary>
    public ulong Rcx;

    /// <summary>RAX.</summary>
    public ulong Rax;

    /// <summary>Vector.</summary>
    public ulong Vector;

    /// <summary>Error code; 0 where the exception has none.</summary>
    public ulong ErrorCode;

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
}
