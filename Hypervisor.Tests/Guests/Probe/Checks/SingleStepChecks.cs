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
        Step("step-nop"u8, Runner.Prepare(SnippetName.Nop));
        Step("step-cpuid"u8, Runner.Prepare(SnippetName.Cpuid));
        Step("step-xgetbv-without-osxsave"u8, Runner.Prepare(SnippetName.Xgetbv));
        Step("step-invd"u8, Runner.Prepare(SnippetName.Invd));
        Step("step-wbinvd"u8, Runner.Prepare(SnippetName.Wbinvd));
        Step("step-out-80"u8, Runner.Prepare(SnippetName.Out80));
        Step("step-vmmcall"u8, Runner.Prepare(SnippetName.Vmmcall));
        StepMsrs();
        StepStores();
    }

    private static void StepMsrs()
    {
        RunContext* context = Runner.Prepare(SnippetName.ReadMsr);
        context->Rcx = Msr.Efer;
        Step("step-rdmsr-efer"u8, context);

        ulong efer = Instructions.ReadMsr(Msr.Efer);
        context = Runner.Prepare(SnippetName.WriteMsr);
        context->Rcx = Msr.Efer;
        context->Rax = (uint)efer;
        context->Rdx = efer >> 32;
        Step("step-wrmsr-efer"u8, context);

        context = Runner.Prepare(SnippetName.ReadMsr);
        context->Rcx = Msr.Pat;
        Step("step-rdmsr-pat"u8, context);
    }

    private static void StepStores()
    {
        RunContext* context = Runner.Prepare(SnippetName.RepMovsb);
        context->Rsi = (ulong)Runner.Scratch;
        context->Rdi = (ulong)Runner.Scratch + ProbeMemory.PageSize / 2;
        context->Rcx = MovedBytes;
        Step("step-rep-movsb"u8, context);

        ulong register = ApicAccess.Page + ApicAccess.ErrorVector;
        uint value = ApicAccess.Read(ApicAccess.ErrorVector);
        foreach (SnippetName name in (ReadOnlySpan<SnippetName>)[SnippetName.ApicStore, SnippetName.ApicExchange, SnippetName.ApicStosd])
        {
            context = Runner.Prepare(name);
            context->Rdi = register;
            context->Rcx = value;
            context->Rax = value;
            Step(name == SnippetName.ApicStore ? "step-apic-mov"u8 : name == SnippetName.ApicExchange ? "step-apic-xchg"u8 : "step-apic-stosd"u8, context);
        }
    }

    private static void Step(ReadOnlySpan<byte> name, RunContext* context)
    {
        _ = context;
        Runner.UseSingleStep();
        Runner.Run();
        Report.Run(name);
    }
}
