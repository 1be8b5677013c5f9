using System;
using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Diagnostics;

/// <summary>What goes back to the caller: RAX, and six registers of data.</summary>
public struct HypercallAnswer
{
    /// <summary>RAX.</summary>
    public ulong Result;

    /// <summary>RCX.</summary>
    public ulong Word0;

    /// <summary>RDX.</summary>
    public ulong Word1;

    /// <summary>R8.</summary>
    public ulong Word2;

    /// <summary>R9.</summary>
    public ulong Word3;

    /// <summary>R10.</summary>
    public ulong Word4;

    /// <summary>R11.</summary>
    public ulong Word5;

    /// <summary>Answers with as many bytes as six registers take, their number in RAX.</summary>
    public void SetData(ReadOnlySpan<byte> bytes)
    {
        bytes = bytes.Slice(0, Math.Min(bytes.Length, HypercallProtocol.DataSize));
        Result = (ulong)bytes.Length;
        Word0 = LittleEndian.ReadPart(bytes, 0);
        SetTail(bytes, sizeof(ulong));
    }

    /// <summary>Puts bytes into all registers of data but the first.</summary>
    /// <returns>How many they take.</returns>
    public uint SetShortData(ReadOnlySpan<byte> bytes)
    {
        bytes = bytes.Slice(0, Math.Min(bytes.Length, HypercallProtocol.ShortDataSize));
        SetTail(bytes, 0);
        return (uint)bytes.Length;
    }

    /// <summary>Hands the answer to the caller.</summary>
    public readonly unsafe void WriteTo(GuestRegisters* registers)
    {
        registers->Rax = Result;
        registers->Rcx = Word0;
        registers->Rdx = Word1;
        registers->R8 = Word2;
        registers->R9 = Word3;
        registers->R10 = Word4;
        registers->R11 = Word5;
    }

    private void SetTail(ReadOnlySpan<byte> bytes, int offset)
    {
        Word1 = LittleEndian.ReadPart(bytes, offset);
        Word2 = LittleEndian.ReadPart(bytes, offset + sizeof(ulong));
        Word3 = LittleEndian.ReadPart(bytes, offset + (2 * sizeof(ulong)));
        Word4 = LittleEndian.ReadPart(bytes, offset + (3 * sizeof(ulong)));
        Word5 = LittleEndian.ReadPart(bytes, offset + (4 * sizeof(ulong)));
    }
}
