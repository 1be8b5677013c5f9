using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Guests.Probe.Execution;
using Hypervisor.Guests.Probe.Layout;
using Hypervisor.Guests.Probe.Reporting;

namespace Hypervisor.Guests.Probe.Checks;

/// <summary>x87, SSE and AVX registers, MXCSR and the x87 control word across many exits of several kinds .</summary>
public static unsafe class RegisterChecks
{
    private const ulong Rounds = 10_000;
    private const int PatternOffset = 0;
    private const int BeforeOffset = 0x400;
    private const int AfterOffset = 0x800;
    private const int KeepOffset = 0xC00;
    private const int FxSize = 416; // up to XMM15
    private const int AvxSize = 512;
    private const int ControlWord = 0;
    private const int TagWord = 4;
    private const int MxCsr = 24;
    private const int FirstRegister = 32;
    private const int FirstXmm = 160;
    private const int RegisterStride = 16;
    private const int X87Size = 10;
    private const ushort ControlWordValue = 0x0C7F;
    private const uint MxCsrValue = 0x0000_7FA0;
    private const uint AvxFeature = 1 << 28;
    private const ulong OsXSave = 1UL << 18;
    private const ulong AvxStates = 7;

    /// <summary>Runs all.</summary>
    public static void Run()
    {
        Legacy();
        CpuidResult features;
        Instructions.Cpuid(1, 0, &features);
        if ((features.Ecx & AvxFeature) == 0)
        {
            Report.Line("avx-across-exits"u8, "the processor has none"u8);
            return;
        }

        ulong cr4 = Instructions.ReadCr4();
        Instructions.WriteCr4(cr4 | OsXSave);
        ulong before = ExtendedStateChecks.Get();
        Instructions.TryWriteXcr(0, AvxStates);
        Avx();
        Instructions.TryWriteXcr(0, before);
        Instructions.WriteCr4(cr4);
    }

    private static void Legacy()
    {
        byte* pattern = Runner.Scratch + PatternOffset;
        Clear();
        *(ushort*)(pattern + ControlWord) = ControlWordValue;
        pattern[TagWord] = 0xFF; // abridged: all eight in use
        *(uint*)(pattern + MxCsr) = MxCsrValue;
        for (int register = 0; register < 8; register++)
        {
            for (int i = 0; i < X87Size; i++)
            {
                pattern[FirstRegister + (register * RegisterStride) + i] = (byte)((register * 17) + i + 0x41);
            }
        }

        for (int i = 0; i < 16 * RegisterStride; i++)
        {
            pattern[FirstXmm + i] = (byte)((i * 7) + 3);
        }

        Execute("fpu-sse-across-exits"u8, SnippetName.FxAcross, FxSize);
    }

    private static void Avx()
    {
        Clear();
        for (int i = 0; i < AvxSize; i++)
        {
            Runner.Scratch[PatternOffset + i] = (byte)((i * 13) + 5);
        }

        Execute("avx-across-exits"u8, SnippetName.AvxAcross, AvxSize);
    }

    private static void Clear()
    {
        for (int i = 0; i < ProbeMemory.PageSize; i++)
        {
            Runner.Scratch[i] = 0;
        }
    }

    private static void Execute(ReadOnlySpan<byte> name, SnippetName snippet, int size)
    {
        RunContext* context = Runner.Prepare(snippet);
        context->Rsi = (ulong)Runner.Scratch + PatternOffset;
        context->R12 = (ulong)Runner.Scratch + BeforeOffset;
        context->Rdi = (ulong)Runner.Scratch + AfterOffset;
        context->R11 = (ulong)Runner.Scratch + KeepOffset;
        context->R10 = ApicAccess.Page;
        context->R8 = Rounds;
        Runner.Run();
        int differences = 0;
        uint hash = 0;
        for (int i = 0; i < size; i++)
        {
            byte before = Runner.Scratch[BeforeOffset + i];
            differences += before != Runner.Scratch[AfterOffset + i] ? 1 : 0;
            hash = (hash * 31) + Runner.Scratch[AfterOffset + i];
        }

        Report.Begin(name);
        Report.AppendRun();
        Report.AppendField("differences"u8, (ulong)differences);
        Report.AppendField("hash"u8, hash);
        if (snippet == SnippetName.FxAcross)
        {
            Report.AppendField("fcw"u8, *(ushort*)(Runner.Scratch + AfterOffset + ControlWord));
            Report.AppendField("mxcsr"u8, *(uint*)(Runner.Scratch + AfterOffset + MxCsr));
        }

        Report.End();
    }
}
