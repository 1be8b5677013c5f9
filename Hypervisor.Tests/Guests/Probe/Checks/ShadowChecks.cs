using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Guests.Probe.Execution;
using Hypervisor.Guests.Probe.Layout;
using Hypervisor.Guests.Probe.Reporting;

namespace Hypervisor.Guests.Probe.Checks;

/// <summary>
/// MOV SS and STI hold events back for one instruction, even one that exits (AMD APM vol 2 §8.5.3, §15.21.5; ).
/// </summary>
public static unsafe class ShadowChecks
{
    /// <summary>Runs all.</summary>
    public static void Run()
    {
        MovSs("mov-ss-cpuid-step"u8, SnippetName.MovSsCpuid, step: true);
        MovSs("mov-ss-nop-step"u8, SnippetName.MovSsNop, step: true);
        MovSs("mov-ss-cpuid"u8, SnippetName.MovSsCpuid, step: false);
        Pending("sti-nop"u8, SnippetName.StiNop, step: false);
        Pending("sti-cpuid"u8, SnippetName.StiCpuid, step: false);
        Pending("sti-rdmsr-efer"u8, SnippetName.StiReadMsr, step: false);
        Pending("sti-apic-store"u8, SnippetName.StiApicStore, step: false);
        Pending("sti-apic-exchange"u8, SnippetName.StiApicExchange, step: false);
        Pending("sti-apic-exchange-step"u8, SnippetName.StiApicExchange, step: true);
        Pending("sti-cpuid-step"u8, SnippetName.StiCpuid, step: true);
        PendingWithInterruptsOn();
    }

    private static void MovSs(ReadOnlySpan<byte> name, SnippetName snippet, bool step)
    {
        RunContext* context = Runner.Prepare(snippet);
        context->Rdx = ProbeSelectors.Data;
        if (step)
        {
            Runner.UseSingleStep();
        }

        Runner.Run();
        Report.Run(name);
    }

    /// <summary>An interrupt waits while IF = 0; the snippet sets IF, and the place where the interrupt comes is told.</summary>
    private static void Pending(ReadOnlySpan<byte> name, SnippetName snippet, bool step)
    {
        RunContext* context = Runner.Prepare(snippet);
        context->Rcx = snippet == SnippetName.StiReadMsr ? Msr.Efer : ApicAccess.Read(ApicAccess.ErrorVector);
        context->Rdi = ApicAccess.Page + ApicAccess.ErrorVector;
        if (step)
        {
            Runner.UseSingleStep();
        }

        ApicAccess.SendToSelf(ProbeVectors.SelfInterrupt);
        Runner.Run();
        Report.Run(name);
    }

    private static void PendingWithInterruptsOn()
    {
        RunContext* context = Runner.Prepare(SnippetName.Cpuid);
        context->RFlags = new RFlags(context->RFlags).WithInterruptEnable(true).Value;
        ApicAccess.SendToSelf(ProbeVectors.SelfInterrupt);
        Runner.Run();
        Report.Run("iret-to-if-cpuid"u8);
    }
}
