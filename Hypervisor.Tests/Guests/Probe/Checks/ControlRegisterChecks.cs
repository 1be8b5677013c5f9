using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Guests.Probe.Execution;
using Hypervisor.Guests.Probe.Layout;
using Hypervisor.Guests.Probe.Reporting;

namespace Hypervisor.Guests.Probe.Checks;

/// <summary>Control registers: reserved bits, cache disable, task priority (AMD APM vol 2 §3.1).</summary>
/// <remarks>
/// CR0.PE, CR0.PG and CR4.PAE are left out: hardware raises #GP when they are cleared in long mode, but QEMU 7.2 clears them. Bits of
/// CR3 and CR4 that the processor does not have stop QEMU 7.2 on a bare machine (it takes them for a failed VM exit), so they are a run of
/// their own, <see cref="RunReserved"/>, in which every line must say #GP.
/// </remarks>
public static unsafe class ControlRegisterChecks
{
    private const int CacheDisable = 30;
    private const int NotWriteThrough = 29;
    private const int WriteProtect = 16;
    private const int NumericError = 5;
    private const int TaskSwitched = 3;

    /// <summary>Runs all.</summary>
    public static void Run()
    {
        ulong cr0 = Instructions.ReadCr0();
        ulong cr3 = Instructions.ReadCr3();
        ulong cr4 = Instructions.ReadCr4();
        foreach (int bit in (ReadOnlySpan<int>)
            [CacheDisable, WriteProtect, NumericError, TaskSwitched, 2, 1, 4, NotWriteThrough, 6, 15, 17, 18, 28, 32, 33, 63])
        {
            Swap("cr0-toggle-bit"u8, SnippetName.SwapCr0, cr0, bit);
        }

        Swap("cr0-toggle-cd-and-nw"u8, SnippetName.SwapCr0, cr0 ^ (1UL << NotWriteThrough), CacheDisable, cr0);
        foreach (int bit in (ReadOnlySpan<int>)[0, 1, 2, 3, 6, 7, 8, 9, 10, 16, 18, 20, 21])
        {
            Swap("cr4-toggle-bit"u8, SnippetName.SwapCr4, cr4, bit);
        }

        foreach (int bit in (ReadOnlySpan<int>)[3, 4, 5])
        {
            Swap("cr3-toggle-bit"u8, SnippetName.SwapCr3, cr3, bit);
        }

        Swap("cr8-priority"u8, SnippetName.SwapCr8, 0, 3);
        Swap("cr8-reserved"u8, SnippetName.SwapCr8, 0, 4);
        Report.Begin("cr8-is-tpr"u8);
        ApicAccess.Write(ApicAccess.TaskPriority, 0x50);
        Report.AppendField("cr8"u8, Instructions.ReadCr8());
        ApicAccess.Write(ApicAccess.TaskPriority, 0);
        Report.AppendField("cr8"u8, Instructions.ReadCr8());
        Report.End();
        MachineStatus(cr0);
    }

    /// <summary>Bits that an EPYC of the first generation does not have: #GP for each.</summary>
    public static void RunReserved()
    {
        ulong cr4 = Instructions.ReadCr4();
        foreach (int bit in (ReadOnlySpan<int>)[11, 12, 13, 14, 15, 19, 22, 23, 24, 25, 31, 32, 63])
        {
            Swap("cr4-reserved-bit"u8, SnippetName.SwapCr4, cr4, bit);
        }

        ulong cr3 = Instructions.ReadCr3();
        foreach (int bit in (ReadOnlySpan<int>)[63, 62, 52])
        {
            Swap("cr3-reserved-bit"u8, SnippetName.SwapCr3, cr3, bit);
        }
    }

    private static void Swap(ReadOnlySpan<byte> name, SnippetName snippet, ulong value, int bit) => Swap(name, snippet, value, bit, value);

    private static void Swap(ReadOnlySpan<byte> name, SnippetName snippet, ulong value, int bit, ulong original)
    {
        RunContext* context = Runner.Prepare(snippet);
        context->Rax = value ^ (1UL << bit);
        context->Rcx = original;
        Runner.Run();
        Report.Begin(name);
        Report.Append(" "u8);
        Report.AppendDecimal(bit);
        Report.AppendRun();
        if (Runner.IsDone)
        {
            Report.AppendField("changed"u8, context->Rbx ^ original);
        }

        Report.End();
    }

    private static void MachineStatus(ulong cr0)
    {
        RunContext* context = Runner.Prepare(SnippetName.Lmsw);
        context->Rax = (cr0 & 0xF) | (1UL << TaskSwitched);
        Runner.Run();
        Report.Begin("lmsw-sets-ts-clts-clears-it"u8);
        Report.AppendRun();
        Report.AppendField("lmsw"u8, context->Rbx ^ cr0);
        Report.AppendField("clts"u8, context->Rdx ^ cr0);
        Report.End();
    }
}
