using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Guests.Probe.Execution;
using Hypervisor.Guests.Probe.Layout;
using Hypervisor.Guests.Probe.Reporting;

namespace Hypervisor.Guests.Probe.Checks;

/// <summary>Breakpoints of the debug registers at and around an instruction that exits (AMD APM vol 2 §13.1.1, §13.1.2).</summary>
/// <remarks>
/// No single step ends where a breakpoint is: QEMU 7.2 makes one #DB of the two; hardware takes the trap first, then the fault (AMD APM
/// vol 2 §8.5, Intel SDM vol 3 §6.9).
/// </remarks>
public static unsafe class BreakpointChecks
{
    private const ulong Enable0 = 1 << 1;
    private const ulong Enable1 = 1 << 3;
    private const ulong Write4At0 = (1UL << 16) | (3UL << 18);
    private const ulong Off = 0x400;
    private const int CpuidSize = 2;
    private const int StoreSize = 2;
    private const int SecondCpuid = 4;

    /// <summary>Runs all.</summary>
    public static void Run()
    {
        Instruction("break-at-cpuid"u8, SnippetName.Cpuid, 0, -1, step: false);
        Instruction("break-after-cpuid"u8, SnippetName.Cpuid, CpuidSize, -1, step: false);
        Instruction("break-at-and-after-cpuid"u8, SnippetName.Cpuid, 0, CpuidSize, step: false);
        Instruction("break-at-cpuid-step"u8, SnippetName.Cpuid, 0, -1, step: true);
        Instruction("break-at-both-cpuids"u8, SnippetName.CpuidTwice, 0, SecondCpuid, step: false);
        Data();
        AccessToDr7();
    }

    private static void Instruction(ReadOnlySpan<byte> name, SnippetName snippet, int first, int second, bool step)
    {
        RunContext* context = Runner.Prepare(snippet);
        Stubs.WriteDr0(context->Rip + (ulong)first);
        Stubs.WriteDr1(context->Rip + (ulong)second);
        Execute(name, Off | Enable0 | (second < 0 ? 0 : Enable1), step);
    }

    /// <summary>Not with TF as well: QEMU 7.2 then takes the data breakpoint a second time inside the handler.</summary>
    private static void Data()
    {
        RunContext* context = Runner.Prepare(SnippetName.StoreCpuid);
        context->Rdi = (ulong)Runner.Scratch;
        Stubs.WriteDr0(context->Rdi);
        Stubs.WriteDr1(context->Rip + StoreSize);
        Execute("break-on-store"u8, Off | Enable0 | Enable1 | Write4At0, step: false);
    }

    private static void Execute(ReadOnlySpan<byte> name, ulong control, bool step)
    {
        if (step)
        {
            Runner.UseSingleStep();
        }

        Stubs.WriteDr7(control);
        Runner.Run();
        Stubs.WriteDr7(Off);
        Report.Run(name);
    }

    /// <summary>The registers survive exits.</summary>
    private static void AccessToDr7()
    {
        Stubs.WriteDr7(Off | Enable1);
        Runner.Prepare(SnippetName.Cpuid);
        Stubs.WriteDr1((ulong)Runner.Scratch);
        Runner.Run();
        ulong control = Instructions.ReadDr7();
        ulong status = Instructions.ReadDr6();
        Stubs.WriteDr7(Off);
        Report.Begin("debug-registers-across-cpuid"u8);
        Report.AppendField("dr7"u8, control);
        Report.AppendField("dr6"u8, status);
        Report.End();
    }
}
