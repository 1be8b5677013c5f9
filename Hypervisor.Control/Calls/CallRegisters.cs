using System;
using System.Runtime.InteropServices;

namespace Hypervisor.Control.Calls;

/// <summary>The registers of a hypercall, before and after it, in the order in which the stubs take them.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CallRegisters
{
    /// <summary>Signature before, result after.</summary>
    public ulong Rax;

    /// <summary>Function before.</summary>
    public ulong Rcx;

    /// <summary>First argument before.</summary>
    public ulong Rdx;

    /// <summary>Second argument before.</summary>
    public ulong R8;

    /// <summary>First half of the code before.</summary>
    public ulong R9;

    /// <summary>Second half of the code before.</summary>
    public ulong R10;

    /// <summary>Data after.</summary>
    public ulong R11;

    /// <summary>Copies the data of an answer from a register on.</summary>
    /// <param name="firstWord">Registers of data to leave out: 0 begins with RCX.</param>
    /// <param name="destination">As many bytes as are wanted.</param>
    public readonly void CopyData(int firstWord, Span<byte> destination)
    {
        fixed (ulong* words = &Rcx)
        {
            new ReadOnlySpan<byte>(words + firstWord, destination.Length).CopyTo(destination);
        }
    }
}
