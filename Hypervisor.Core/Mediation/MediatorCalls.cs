using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Mediation;

/// <summary>The one way into mediators: one call at a time for each, contained, counted.</summary>
public static unsafe class MediatorCalls
{
    /// <summary>An access to a port.</summary>
    internal static Verdict Port(ProcessorData* processor, int mediator, PortRequest* request) => Access(processor, mediator, MediatorDoor.Port, request);

    /// <summary>An access to memory.</summary>
    internal static Verdict Memory(ProcessorData* processor, int mediator, MemoryRequest* request) => Access(processor, mediator, MediatorDoor.Memory, request);

    /// <summary>An access to an MSR.</summary>
    internal static Verdict Msr(ProcessorData* processor, int mediator, MsrRequest* request) => Access(processor, mediator, MediatorDoor.Msr, request);

    /// <summary>CPUID.</summary>
    internal static void Cpuid(ProcessorData* processor, int mediator, CpuidRequest* request) => Access(processor, mediator, MediatorDoor.Cpuid, request);

    /// <summary>An interrupt command.</summary>
    internal static Verdict InterruptCommand(ProcessorData* processor, int mediator, InterruptCommandRequest* request) =>
        Access(processor, mediator, MediatorDoor.InterruptCommand, request);

    /// <summary>One of its own numbers.</summary>
    internal static bool Statistic(ProcessorData* processor, int mediator, StatisticRequest* request)
    {
        MediatorCall call = new() { Processor = processor, Mediator = mediator, Door = MediatorDoor.Statistic, Request = request };
        return processor->Machine->Traps->Mediators[mediator].State != MediatorState.Failed && Call(&call);
    }

    /// <summary>An access to the configuration space of a PCI function.</summary>
    internal static Verdict PciConfiguration(ProcessorData* processor, int mediator, PciRequest* request) =>
        Access(processor, mediator, MediatorDoor.PciConfiguration, request);

    /// <summary>Something has happened to a PCI function.</summary>
    internal static void PciFunction(ProcessorData* processor, int mediator, PciFunctionInfo* function) =>
        Access(processor, mediator, MediatorDoor.PciFunction, function);

    /// <summary>A step of its life.</summary>
    /// <param name="processor">The executing processor.</param>
    /// <param name="mediator">Its number.</param>
    /// <param name="door">Which step.</param>
    /// <param name="argument">What the step's method takes.</param>
    /// <returns>What it decided; <see cref="Verdict.Deny"/> when it failed.</returns>
    internal static Verdict Life(ProcessorData* processor, int mediator, MediatorDoor door, uint argument = 0)
    {
        MediatorCall call = new() { Processor = processor, Mediator = mediator, Door = door, Argument = argument };
        return Call(&call) ? call.Verdict : Verdict.Deny;
    }

    private static Verdict Access(ProcessorData* processor, int mediator, MediatorDoor door, void* request)
    {
        MediatorRecord* record = processor->Machine->Traps->Mediators + mediator;
        MediatorCall call = new() { Processor = processor, Mediator = mediator, Door = door, Request = request };
        Verdict verdict = record->State switch
        {
            MediatorState.Failed => FallBack(record),
            MediatorState.Selected or MediatorState.Attached or MediatorState.Asleep => Call(&call) ? call.Verdict : FallBack(record),
            _ => Verdict.Pass,
        };
        if (verdict != Verdict.Pass)
        {
            processor->AnnouncedSleep = default; // what does not reach the hardware puts nothing to sleep
        }

        record->Denied += verdict == Verdict.Deny ? 1u : 0;
        record->ByGuest += verdict == Verdict.Guest ? 1u : 0;
        return verdict;
    }

    private static Verdict FallBack(MediatorRecord* record) => record->Fallback == Fallback.Deny ? Verdict.Deny : Verdict.Pass;

    /// <returns>False when it failed; it is fenced then.</returns>
    private static bool Call(MediatorCall* call)
    {
        ProcessorData* processor = call->Processor;
        MediatorRecord* record = processor->Machine->Traps->Mediators + call->Mediator;
        while (Instructions.CompareExchange(&record->Lock, 1, 0) != 0)
        {
            if (record->Caller == processor)
            {
                FailFast.Stop("a mediator is called from inside itself"u8);
            }

            Virtualization.Follow(processor); // the one inside may wait for this processor
            Instructions.Pause();
        }

        record->Calls[(int)call->Door]++;
        ProcessorData* before = record->Caller;
        record->Caller = processor;
        ulong held = processor->HeldLocks;
        bool fine = Containment.Call(processor, &Enter, call);
        if (processor->HeldLocks != held)
        {
            HostLock.LeaveSince(processor, held);
        }

        if (!fine)
        {
            Fence(processor, record, call);
        }

        record->Caller = before;
        Instructions.Exchange(&record->Lock, 0);
        return fine;
    }

    private static void Enter(void* argument)
    {
        MediatorCall* call = (MediatorCall*)argument;
        Mediator mediator = MediatorObjects.Mediator(call->Mediator);
        switch (call->Door)
        {
            case MediatorDoor.Probe:
                call->Verdict = mediator.Probe(MediatorObjects.Host(call->Mediator)) ? Verdict.Done : Verdict.Pass;
                break;
            case MediatorDoor.Attach:
                mediator.Attach(MediatorObjects.Host(call->Mediator));
                break;
            case MediatorDoor.ExitBootServices:
                mediator.ExitBootServices();
                break;
            case MediatorDoor.ProcessorStart:
                mediator.ProcessorStarted(call->Argument);
                break;
            case MediatorDoor.Sleep:
                mediator.Sleep((SleepState)call->Argument);
                break;
            case MediatorDoor.Resume:
                mediator.Resume();
                break;
            case MediatorDoor.Detach:
                mediator.Detach();
                break;
            case MediatorDoor.Port:
                call->Verdict = mediator.OnPort(ref *(PortRequest*)call->Request);
                break;
            case MediatorDoor.Memory:
                call->Verdict = mediator.OnMemory(ref *(MemoryRequest*)call->Request);
                break;
            case MediatorDoor.Msr:
                call->Verdict = mediator.OnMsr(ref *(MsrRequest*)call->Request);
                break;
            case MediatorDoor.Cpuid:
                mediator.OnCpuid(ref *(CpuidRequest*)call->Request);
                break;
            case MediatorDoor.InterruptCommand:
                call->Verdict = mediator.OnInterruptCommand(in *(InterruptCommandRequest*)call->Request);
                break;
            case MediatorDoor.Statistic:
                Read(mediator, (StatisticRequest*)call->Request);
                break;
            case MediatorDoor.PciConfiguration:
                call->Verdict = mediator.OnPciConfiguration(ref *(PciRequest*)call->Request);
                break;
            case MediatorDoor.PciFunction:
                mediator.OnPciFunction(in *(PciFunctionInfo*)call->Request);
                break;
            default:
                mediator.Abandon();
                break;
        }
    }

    private static void Read(Mediator mediator, StatisticRequest* request)
    {
        request->Value = mediator.Statistic(request->Index, out System.ReadOnlySpan<byte> name);
        fixed (byte* text = name)
        {
            request->Name = text;
            request->NameLength = name.Length;
        }
    }

    private static void Fence(ProcessorData* processor, MediatorRecord* record, MediatorCall* call)
    {
        Log.Abandon(processor->Index); // it may have failed in the middle of a line
        record->State = MediatorState.Failed;
        record->FailedIn = call->Door;
        LogLine line = Log.Begin(LogLevel.Error, processor->Index).Text("mediator "u8).Text(MediatorObjects.Mediator(call->Mediator).Name)
            .Text(" failed in "u8).Text(MediatorDoorName.Of(call->Door)).Text(": "u8);
        Containment.Explain(line, processor)
            .Text(record->Fallback == Fallback.Deny ? "; its claims are refused from now on"u8 : "; its claims pass from now on"u8).End();
        ulong held = processor->HeldLocks;
        MediatorCall last = new() { Processor = processor, Mediator = call->Mediator, Door = MediatorDoor.Abandon };
        record->Calls[(int)last.Door]++;
        if (!Containment.Call(processor, &Enter, &last))
        {
            FailFast.Forget();
        }

        HostLock.LeaveSince(processor, held);
    }
}
