using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Host;
using Hypervisor.Core.Records;

namespace Hypervisor.Core.Diagnostics;

/// <summary>The functions behind the secret. They only tell; each answer is in registers, so that no memory of the guest is touched.</summary>
public static unsafe class HypercallReports
{
    /// <summary>Answers an authenticated call.</summary>
    /// <returns>False when there is no such function.</returns>
    public static bool Answer(ProcessorData* processor)
    {
        GuestRegisters* registers = &processor->Registers;
        HypercallFunction function = (HypercallFunction)registers->Rcx;
        ulong first = registers->Rdx;
        ulong second = registers->R8;
        MachineData* machine = processor->Machine;
        HypercallAnswer answer = default;
        switch (function)
        {
            case HypercallFunction.Status:
                answer = Status(machine, (HypercallStatusPage)first);
                break;
            case HypercallFunction.LogRead:
                answer = LogRead(first);
                break;
            case HypercallFunction.Exits:
                answer = Exits(machine, first, second);
                break;
            case HypercallFunction.Processor:
                answer = Processor(machine, first);
                break;
            case HypercallFunction.MediatorCount:
                answer.Result = MediatorReports.Count(processor);
                answer.Word0 = MediatorReports.Armed(processor);
                break;
            case HypercallFunction.MediatorName:
            case HypercallFunction.MediatorState:
                answer = Mediator(processor, function, first);
                break;
            case HypercallFunction.MediatorCounter:
                answer = Counter(processor, first, second);
                break;
            case HypercallFunction.RecordCount:
                answer.Result = machine->Records.Count;
                answer.Word0 = machine->Records.Size;
                break;
            case HypercallFunction.RecordHeader:
            case HypercallFunction.RecordRead:
                answer = Record(machine, function, first, second);
                break;
            default:
                return false;
        }

        answer.WriteTo(registers);
        return true;
    }

    private static HypercallAnswer None => new() { Result = HypercallProtocol.NoSuchItem };

    private static HypercallAnswer Status(MachineData* machine, HypercallStatusPage page) => page switch
    {
        HypercallStatusPage.Machine => new HypercallAnswer
        {
            Result = (ulong)HypercallStatusPage.Count,
            Word0 = ProductVersion.Packed,
            Word1 = machine->BootId,
            Word2 = (ulong)machine->Extension | ((ulong)machine->ProcessorCount << 32),
            Word3 = machine->RegionBase,
            Word4 = machine->RegionSize,
            Word5 = Age(machine),
        },
        HypercallStatusPage.Policies => new HypercallAnswer
        {
            Result = (ulong)HypercallStatusPage.Count,
            Word0 = (ulong)Policies(machine),
            Word1 = machine->SerialPort,
            Word2 = machine->RefusedCalls,
            Word3 = machine->Records.Size,
            Word4 = Log.Oldest,
            Word5 = Log.Newest,
        },
        _ => None,
    };

    /// <summary>Ticks since launch; 0 where the guest has set the time-stamp counter back, or a sleep has.</summary>
    private static ulong Age(MachineData* machine)
    {
        ulong now = Instructions.ReadTimestamp();
        return now > machine->LaunchTime ? now - machine->LaunchTime : 0;
    }

    private static HostPolicies Policies(MachineData* machine) =>
        (machine->StatusHypercall ? HostPolicies.OpenStatus : 0)
        | (machine->KeepApicTrap ? HostPolicies.KeepApicTrap : 0)
        | (machine->DeliberateFault != 0 ? HostPolicies.FaultTest : 0)
        | (machine->PasswordAsked ? HostPolicies.BootPassword : 0)
        | (machine->BootServicesExited != 0 ? HostPolicies.BootServicesExited : 0)
        | (machine->OperatingSystemRuns != 0 ? HostPolicies.OperatingSystemRuns : 0);

    private static HypercallAnswer LogRead(ulong position)
    {
        Span<byte> bytes = stackalloc byte[HypercallProtocol.ShortDataSize];
        ulong next = Log.CopyTo(position, bytes, out int copied);
        HypercallAnswer answer = default;
        answer.Result = (ulong)copied;
        answer.Word0 = next;
        answer.SetShortData(bytes.Slice(0, copied));
        return answer;
    }

    private static HypercallAnswer Exits(MachineData* machine, ulong number, ulong cause)
    {
        const ulong last = (ulong)ExitCause.Last;
        if (number >= machine->ProcessorCount || cause >= last)
        {
            return None;
        }

        ulong* counts = stackalloc ulong[HypercallProtocol.CountsPerCall];
        ExitCounters* exits = &machine->Processors[number].Data->Exits;
        for (uint i = 0; i < HypercallProtocol.CountsPerCall; i++)
        {
            counts[i] = cause + i < last ? exits->Read((ExitCause)(cause + i)) : 0;
        }

        return new HypercallAnswer
        {
            Result = last, Word0 = counts[0], Word1 = counts[1], Word2 = counts[2], Word3 = counts[3], Word4 = counts[4], Word5 = counts[5],
        };
    }

    private static HypercallAnswer Processor(MachineData* machine, ulong number) => number >= machine->ProcessorCount
        ? None
        : new HypercallAnswer
        {
            Result = machine->ProcessorCount,
            Word0 = machine->Processors[number].ApicId,
            Word1 = machine->Processors[number].Data->Startup.Starts,
        };

    private static HypercallAnswer Mediator(ProcessorData* processor, HypercallFunction function, ulong number)
    {
        if (number >= MediatorReports.Count(processor))
        {
            return None;
        }

        HypercallAnswer answer = default;
        if (function == HypercallFunction.MediatorName)
        {
            answer.SetData(MediatorReports.Name((uint)number));
        }
        else
        {
            answer.Result = (ulong)MediatorReports.State(processor, (uint)number);
            answer.Word0 = MediatorReports.Claims(processor, (uint)number);
            answer.Word1 = MediatorReports.CounterCount(processor, (uint)number);
        }

        return answer;
    }

    private static HypercallAnswer Counter(ProcessorData* processor, ulong number, ulong counter)
    {
        if (number >= MediatorReports.Count(processor) || counter >= MediatorReports.CounterCount(processor, (uint)number))
        {
            return None;
        }

        HypercallAnswer answer = default;
        ReadOnlySpan<byte> name = MediatorReports.CounterName(processor, (uint)number, (uint)counter);
        answer.Result = MediatorReports.Counter(processor, (uint)number, (uint)counter);
        answer.Word0 = answer.SetShortData(name);
        return answer;
    }

    private static HypercallAnswer Record(MachineData* machine, HypercallFunction function, ulong number, ulong offset)
    {
        if (!machine->Records.TryFind(number, out BootRecord record))
        {
            return None;
        }

        HypercallAnswer answer = default;
        if (function == HypercallFunction.RecordHeader)
        {
            answer.Result = (ulong)record.Data.Length;
            answer.Word0 = record.GuidLow;
            answer.Word1 = record.GuidHigh;
        }
        else if (offset > (ulong)record.Data.Length)
        {
            answer = None;
        }
        else
        {
            answer.SetData(record.Data.Slice((int)offset));
        }

        return answer;
    }
}
