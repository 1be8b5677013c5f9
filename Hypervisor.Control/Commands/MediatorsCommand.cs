using System;
using Hypervisor.Control.Calls;
using Hypervisor.Control.Platform;
using Hypervisor.Core.Diagnostics;

namespace Hypervisor.Control.Commands;

/// <summary><c>hvctl mediators</c>: a line for each mediator, and one for each of its counters.</summary>
internal static class MediatorsCommand<TPlatform>
    where TPlatform : struct, IPlatform
{
    private const int NameWidth = 16;
    private const int StateWidth = 16;
    private const int CounterWidth = 32;
    private const int Indent = 4;
    private const ulong MostMediators = 256;
    private const ulong MostCounters = 256;

    /// <summary>Runs it.</summary>
    public static ExitStatus Run()
    {
        ExitStatus status = Client<TPlatform>.Connect();
        if (status != ExitStatus.Success || !ControlProgram<TPlatform>.IsDone(out status))
        {
            return status;
        }

        bool isComplete = Client<TPlatform>.Ask(HypercallFunction.MediatorCount, 0, 0, out CallRegisters count);
        for (ulong i = 0; isComplete && i < Math.Min(count.Rax, MostMediators); i++)
        {
            isComplete = PrintMediator(i);
        }

        if (isComplete && count.Rax == 0)
        {
            Output<TPlatform>.Text("no mediators"u8);
            Output<TPlatform>.EndLine();
        }

        return isComplete ? ExitStatus.Success : Complaint<TPlatform>.Say("the hypervisor does not answer any more"u8);
    }

    private static bool PrintMediator(ulong number)
    {
        if (!Client<TPlatform>.Ask(HypercallFunction.MediatorName, number, 0, out CallRegisters name)
            || !Client<TPlatform>.Ask(HypercallFunction.MediatorState, number, 0, out CallRegisters state))
        {
            return false;
        }

        PrintName(name, 0, name.Rax, NameWidth);
        Output<TPlatform>.Padded(
            (MediatorReportState)state.Rax switch
            {
                MediatorReportState.Off => "off"u8,
                MediatorReportState.Armed => "armed"u8,
                MediatorReportState.Absent => "no device"u8,
                MediatorReportState.PassedThrough => "passed through"u8,
                MediatorReportState.Fenced => "fenced"u8,
                _ => "unknown"u8,
            },
            StateWidth);
        Output<TPlatform>.Decimal(state.Rcx);
        Output<TPlatform>.Text(" claims"u8);
        Output<TPlatform>.EndLine();
        for (ulong i = 0; i < Math.Min(state.Rdx, MostCounters); i++)
        {
            if (!Client<TPlatform>.Ask(HypercallFunction.MediatorCounter, number, i, out CallRegisters counter))
            {
                return false;
            }

            Output<TPlatform>.Blanks(Indent);
            PrintName(counter, 1, counter.Rcx, CounterWidth);
            Output<TPlatform>.Decimal(counter.Rax);
            Output<TPlatform>.EndLine();
        }

        return true;
    }

    private static void PrintName(CallRegisters answer, int firstWord, ulong length, int width)
    {
        Span<byte> bytes = stackalloc byte[HypercallProtocol.DataSize];
        int most = HypercallProtocol.DataSize - (firstWord * sizeof(ulong));
        answer.CopyData(firstWord, bytes.Slice(0, most));
        Output<TPlatform>.Padded(bytes.Slice(0, (int)Math.Min(length, (ulong)most)), width);
    }
}
