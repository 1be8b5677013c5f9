using System.Runtime;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Host;
using Hypervisor.Guests.Probe.Layout;
using Hypervisor.Guests.Probe.Reporting;

namespace Hypervisor.Guests.Probe.Execution;

/// <summary>The one handler behind all vectors: notes what came, and either resumes or gives the snippet up.</summary>
public static unsafe class EventHandler
{
    private const ulong DebugStatusReset = 0xFFFF_0FF0;
    private const ulong BreakpointHits = 0xF;
    private const ulong PrivilegeMask = 3;
    private const int SettleRounds = 1000;

    /// <summary>Called by the entry stubs.</summary>
    [RuntimeExport("ProbeEvent")]
    public static void OnEvent(ExceptionFrame* frame)
    {
        if (Runner.Context->CallerRsp == 0)
        {
            Report.Unexpected(frame);
            Instructions.Halt();
        }

        uint vector = (uint)frame->Vector;
        if (vector == ProbeVectors.Done)
        {
            Leave(frame, done: true);
        }

        bool kept = Keep(frame);
        switch (vector)
        {
            case ProbeVectors.Debug when kept:
                OnDebug(frame);
                return;
            case ProbeVectors.Nmi:
                OnNmi();
                return;
            case >= ProbeVectors.FirstInterrupt:
                ApicAccess.EndOfInterrupt();
                return;
            default:
                Leave(frame, done: false);
                return;
        }
    }

    private static bool Keep(ExceptionFrame* frame)
    {
        EventLog* log = Runner.Events;
        if (log->Count == EventLog.Capacity)
        {
            return false;
        }

        EventRecord* record = log->Record(log->Count);
        log->Count++;
        record->Vector = (uint)frame->Vector;
        record->ErrorCode = (uint)frame->ErrorCode;
        record->Offset = (long)(frame->Rip - Runner.Context->Rip);
        record->Flags = (uint)frame->RFlags;
        record->Privilege = (uint)(frame->Cs & PrivilegeMask);
        record->DebugStatus = frame->Vector == ProbeVectors.Debug ? (uint)(Instructions.ReadDr6() ^ DebugStatusReset) : 0;
        record->FaultOffset = (long)(Instructions.ReadCr2() - Runner.Context->Rip);
        return true;
    }

    /// <summary>Goes on; an instruction breakpoint is passed by way of RF (AMD APM vol 2 §13.1.1.4).</summary>
    private static void OnDebug(ExceptionFrame* frame)
    {
        if ((Instructions.ReadDr6() & BreakpointHits) != 0)
        {
            frame->RFlags = new RFlags(frame->RFlags).WithResume(true).Value;
        }

        Stubs.WriteDr6(DebugStatusReset);
    }

    private static void OnNmi()
    {
        NmiAction action = Runner.NmiAction;
        Runner.NmiAction = NmiAction.Count;
        int before = Runner.Events->Count;
        switch (action)
        {
            case NmiAction.ExecuteCpuid:
                CpuidResult result;
                Instructions.Cpuid(0, 0, &result);
                Runner.CpuidInNmi = result.Ebx;
                break;
            case NmiAction.SendAnother:
                ApicAccess.SendNmiToSelf();
                break;
            case NmiAction.SendTwo:
                ApicAccess.SendNmiToSelf();
                ApicAccess.SendNmiToSelf();
                break;
            case NmiAction.Count:
            default:
                return;
        }

        for (int i = 0; i < SettleRounds; i++)
        {
            Instructions.Pause();
        }

        Runner.NestedNmis = Runner.Events->Count - before;
    }

    private static void Leave(ExceptionFrame* frame, bool done)
    {
        RunContext* context = Runner.Context;
        Runner.IsDone = done;
        context->Rax = frame->Rax;
        context->Rcx = frame->Rcx;
        context->Rdx = frame->Rdx;
        context->Rbx = frame->Rbx;
        context->Rbp = frame->Rbp;
        context->Rsi = frame->Rsi;
        context->Rdi = frame->Rdi;
        context->R8 = frame->R8;
        context->R9 = frame->R9;
        context->R10 = frame->R10;
        context->R11 = frame->R11;
        context->R12 = frame->R12;
        context->R13 = frame->R13;
        context->R14 = frame->R14;
        context->R15 = frame->R15;
        context->RFlags = frame->RFlags;
        Stubs.Leave(context);
    }
}
