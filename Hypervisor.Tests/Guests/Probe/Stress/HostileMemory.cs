using System;
using Hypervisor.Guests.Probe.Execution;

namespace Hypervisor.Guests.Probe.Stress;

/// <summary>Device memory with every form of instruction that has a memory operand: random prefixes, opcodes, registers and immediates, with [RDI] as the operand.</summary>
internal static unsafe class HostileMemory
{
    private const int PageSize = 0x1000;
    private const int ImmediateBytes = 4;
    private const byte OperandAtRdi = 7;
    private const int RegisterShift = 3;
    private const int CodeCapacity = 16;

    /// <summary>Opcodes of the one-byte map whose memory operand is harmless wherever it is.</summary>
    private static ReadOnlySpan<byte> Plain =>
    [
        0x00, 0x01, 0x02, 0x03, 0x08, 0x09, 0x0A, 0x0B, 0x10, 0x11, 0x12, 0x13, 0x18, 0x19, 0x1A, 0x1B, 0x20, 0x21, 0x22, 0x23, 0x28, 0x29, 0x2A, 0x2B,
        0x30, 0x31, 0x32, 0x33, 0x38, 0x39, 0x3A, 0x3B, 0x63, 0x69, 0x6B, 0x80, 0x81, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8B, 0x8C,
        0xA4, 0xA5, 0xA6, 0xA7, 0xAA, 0xAB, 0xAC, 0xAD, 0xAE, 0xAF, 0xC0, 0xC1, 0xC6, 0xC7, 0xD0, 0xD1, 0xD2, 0xD3, 0xD8, 0xDD, 0xDF, 0xF6, 0xF7, 0xFE, 0xFF,
    ];

    /// <summary>The same of the map behind 0F.</summary>
    private static ReadOnlySpan<byte> Extended =>
    [
        0x0D, 0x10, 0x11, 0x12, 0x13, 0x16, 0x17, 0x18, 0x28, 0x29, 0x2B, 0x2E, 0x40, 0x44, 0x48, 0x4F, 0x51, 0x54, 0x58, 0x59, 0x60, 0x6E, 0x6F, 0x7E, 0x7F,
        0x90, 0x95, 0x9F, 0xA3, 0xA4, 0xA5, 0xAB, 0xAC, 0xAD, 0xAF, 0xB0, 0xB1, 0xB3, 0xB6, 0xB7, 0xB8, 0xBA, 0xBB, 0xBC, 0xBD, 0xBE, 0xBF,
        0xC0, 0xC1, 0xC2, 0xC3, 0xC6, 0xC7, 0xD0, 0xD6, 0xDB, 0xE7, 0xEF, 0xF0, 0xFE,
    ];

    private static ReadOnlySpan<byte> Prefixes => [0x66, 0xF2, 0xF3, 0xF0, 0x67, 0x64, 0x48, 0x4C, 0x40];

    /// <summary>One instruction.</summary>
    /// <param name="random">Chooses.</param>
    /// <param name="window">A page of device memory; 0 for none.</param>
    internal static void Step(ref RandomSequence random, ulong window)
    {
        if (window == 0)
        {
            return;
        }

        Span<byte> code = stackalloc byte[CodeCapacity];
        int length = 0;
        for (uint prefixes = random.Next() % 3; prefixes != 0; prefixes--)
        {
            code[length++] = Prefixes[(int)(random.Next() % (uint)Prefixes.Length)];
        }

        if ((random.Next() & 1) == 0)
        {
            code[length++] = Plain[(int)(random.Next() % (uint)Plain.Length)];
        }
        else
        {
            code[length++] = 0x0F;
            code[length++] = Extended[(int)(random.Next() % (uint)Extended.Length)];
        }

        code[length++] = (byte)(((random.Next() & 7) << RegisterShift) | OperandAtRdi);
        for (int i = 0; i < ImmediateBytes; i++)
        {
            code[length++] = 0x90; // an immediate, or NOPs behind a shorter instruction
        }

        RunContext* context = Runner.Prepare(Layout.SnippetName.StiCpuid);
        context->Rax = random.Next();
        context->Rbx = random.Next();
        context->Rcx = random.Next() & 0x1F;
        context->Rdx = random.Next();
        context->Rbp = random.Next();
        context->Rsi = (ulong)Runner.Scratch + (random.Next() & 0x7FF);
        context->Rdi = window + (random.Next() % PageSize);
        HostileRun.Execute(context, code.Slice(0, length));
    }
}
