using System;
using Hypervisor.Guests.Probe.Execution;
using Hypervisor.Guests.Probe.Layout;
using Hypervisor.Guests.Probe.Reporting;

namespace Hypervisor.Guests.Probe.Checks;

/// <summary>
/// NMIs that the processor sends to itself: none lost, none twice, none inside the handler of another (AMD APM vol 2 §8.2.3,
/// Intel SDM vol 3 §6.7.1; ).
/// </summary>
public static unsafe class NmiChecks
{
    private const ulong WaitRounds = 2000;

    /// <summary>Runs all.</summary>
    public static void Run()
    {
        Send("nmi-once"u8, NmiAction.Count);
        Send("nmi-with-cpuid-in-handler"u8, NmiAction.ExecuteCpuid);
        Send("nmi-in-handler-waits-for-iret"u8, NmiAction.SendAnother);
        Send("nmi-two-in-handler-collapse"u8, NmiAction.SendTwo);
        for (int i = 0; i < 3; i++)
        {
            Send("nmi-again"u8, NmiAction.Count);
        }
    }

    private static void Send(ReadOnlySpan<byte> name, NmiAction action)
    {
        RunContext* context = Runner.Prepare(SnippetName.SendAndWait);
        uint destination = ApicAccess.Read(Core.Cpu.LocalApic.IdRegister);
        context->Rax = ApicAccess.NmiCommand;
        context->Rcx = destination;
        context->Rdi = ApicAccess.Page;
        context->R8 = WaitRounds;
        Runner.NmiAction = action;
        Runner.Run();
        Report.Begin(name);
        Report.Append(" count="u8);
        Report.AppendDecimal(Runner.Events->CountOf(ProbeVectors.Nmi));
        Report.Append(" nested="u8);
        Report.AppendDecimal(Runner.NestedNmis);
        Report.AppendRun();
        if (action == NmiAction.ExecuteCpuid)
        {
            Report.AppendField("ebx"u8, Runner.CpuidInNmi);
        }

        Report.End();
    }
}
