using System;
using Hypervisor.Core.Host;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hypervisor.Tool.Stubs;

/// <summary>Which registers the exit stubs save for whom. RSP is the foot of the host's stack, just below the processor's data.</summary>
internal static class RegisterSets
{
    /// <summary>Registers that a callee may change (Microsoft x64), with their number in GuestRegisters; but for RAX.</summary>
    internal static readonly (AssemblerRegister64 Register, int Index)[] Volatile = [(rcx, 1), (rdx, 2), (r8, 8), (r9, 9), (r10, 10), (r11, 11)];

    /// <summary>Registers that a callee keeps.</summary>
    internal static readonly (AssemblerRegister64 Register, int Index)[] Kept =
        [(rbx, 3), (rbp, 5), (rsi, 6), (rdi, 7), (r12, 12), (r13, 13), (r14, 14), (r15, 15)];

    /// <summary>RAX.</summary>
    internal static readonly (AssemblerRegister64 Register, int Index)[] Rax = [(rax, 0)];

    /// <summary>RBX, which CPUID changes.</summary>
    internal static readonly (AssemblerRegister64 Register, int Index)[] Rbx = [(rbx, 3)];

    /// <summary>Vector registers that a callee may change.</summary>
    internal static readonly AssemblerRegisterXMM[] VolatileXmm = [xmm0, xmm1, xmm2, xmm3, xmm4, xmm5];

    /// <summary>Vector registers that a callee keeps.</summary>
    internal static readonly AssemblerRegisterXMM[] KeptXmm = [xmm6, xmm7, xmm8, xmm9, xmm10, xmm11, xmm12, xmm13, xmm14, xmm15];

    /// <summary>Offset from RSP of a field of the processor's data.</summary>
    internal static int Field(int offset) => ProcessorBlock.HomeSpace + offset;

    internal static void Load(Assembler a, (AssemblerRegister64 Register, int Index)[] registers) =>
        Array.ForEach(registers, r => a.mov(r.Register, __qword_ptr[rsp + Field(ProcessorDataLayout.Registers) + (r.Index * sizeof(ulong))]));

    internal static void Save(Assembler a, (AssemblerRegister64 Register, int Index)[] registers) =>
        Array.ForEach(registers, r => a.mov(__qword_ptr[rsp + Field(ProcessorDataLayout.Registers) + (r.Index * sizeof(ulong))], r.Register));

    internal static void LoadXmm(Assembler a)
    {
        for (int i = 0; i < VolatileXmm.Length; i++)
        {
            a.movaps(VolatileXmm[i], __xmmword_ptr[rsp + Field(ProcessorDataLayout.Xmm) + (i * 16)]);
        }
    }

    internal static void SaveXmm(Assembler a)
    {
        for (int i = 0; i < VolatileXmm.Length; i++)
        {
            a.movaps(__xmmword_ptr[rsp + Field(ProcessorDataLayout.Xmm) + (i * 16)], VolatileXmm[i]);
        }
    }
}
