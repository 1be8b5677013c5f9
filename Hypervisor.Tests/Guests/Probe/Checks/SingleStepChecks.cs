using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Guests.Probe.Execution;
using Hypervisor.Guests.Probe.Layout;
using Hypervisor.Guests.Probe.Reporting;

namespace Hypervisor.Guests.Probe.Checks;

/// <summary>
/// With RFLAGS.TF there is one #DB, with DR6.BS, behind every instruction, whether it exits or not (AMD APM vol 2 §13.1.4, R-28).
/// </summary>
public static unsafe class SingleStepChecks
{
    private const int MovedBytes = 3;

    /// <summary>Runs all.</summary>
    public static void Run()
    {
        Plain("step-nop"u8, SnippetName.Nop);
        Plain("step-cpuid"u8, SnippetName.Cpuid);
        Plain("step-xgetbv-without-osxsave"u8, SnippetName.Xgetbv);
        Plain("step-invd"u8, SnippetName.Invd);
        Plain("step-wbinvd"u8, SnippetName.Wbinvd);
        Plain("step-out-80"u8, SnippetName.Out80);
        Plain("step-vmmcall"u8, SnippetName.Vmmcall);
        StepMsrs();
        StepStores();
    }

    private static void Plain(ReadOnlySpan<byte> name, SnippetName snippet)
    {
        Runner.Prepare(snippet);
        Step(name);
    }

    private static void StepMsrs()
    {
        RunContext* context = Runner.Prepare(SnippetName.ReadMsr);
        context->Rcx = Msr.Efer;
        Step("step-rdmsr-efer"u8);

        ulong efer = Instructions.ReadMsr(Msr.Efer);
        context = Runner.Prepare(SnippetName.WriteMsr);
        context->Rcx = Msr.Efer;
        context->Rax = (uint)efer;
        context->Rdx = efer >> 32;
        Step("step-wrmsr-efer"u8);

        context = Runner.Prepare(SnippetName.ReadMsr);
        context->Rcx = Msr.Pat;
        Step("step-rdmsr-pat"u8);
    }

    private static void StepStores()
    {
        RunContext* context = Runner.Prepare(SnippetName.RepMovsb);
        context->Rsi = (ulong)Runner.Scratch;
        context->Rdi = (ulong)Runner.Scratch + ProbeMemory.PageSize / 2;
        context->Rcx = MovedBytes;
        Step("step-rep-movsb"u8);

        ulong register = ApicAccess.Page + ApicAccess.ErrorVector;
        uint value = ApicAccess.Read(ApicAccess.ErrorVector);
        StepApic("step-apic-mov"u8, SnippetName.ApicStore, register, value);
        StepApic("step-apic-xchg"u8, SnippetName.ApicExchange, register, value);
        StepApic("step-apic-stosd"u8, SnippetName.ApicStosd, register, value);
    }

    private static void StepApic(ReadOnlySpan<byte> name, SnippetName snippet, ulong register, uint value)
    {
        RunContext* context = Runner.Prepare(snippet);
        context->Rdi = register;
        context->Rcx = value;
        context->Rax = value;
        Step(name);
    }

    private static void Step(ReadOnlySpan<byte> name)
    {
        Runner.UseSingleStep();
        Runner.Run();
        Report.Run(name);
    }
}
