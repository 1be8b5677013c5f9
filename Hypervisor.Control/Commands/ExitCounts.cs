using System;
using Hypervisor.Control.Calls;
using Hypervisor.Control.Platform;
using Hypervisor.Core.Diagnostics;

namespace Hypervisor.Control.Commands;

/// <summary>How often each processor left the guest and why, taken at once, so that rows and sums agree.</summary>
internal static unsafe class ExitCounts<TPlatform>
    where TPlatform : struct, IPlatform
{
    /// <summary>Causes.</summary>
    public const int Causes = (int)ExitCause.Last;

    /// <summary>Number of processors.</summary>
    public static uint Processors => CountTable.Processors;

    /// <summary>One count.</summary>
    public static ulong Read(uint processor, int cause) => CountTable.Values.Counts[((int)processor * Causes) + cause];

    /// <summary>How often a processor was started.</summary>
    public static ulong Starts(uint processor) => CountTable.Values.Starts[(int)processor];

    /// <summary>Takes the counts from a hypervisor that has been shown the secret.</summary>
    /// <returns>Whether it has answered everything.</returns>
    public static bool Take()
    {
        uint count = 1;
        for (uint processor = 0; processor < count; processor++)
        {
            if (!Client<TPlatform>.Ask(HypercallFunction.Processor, processor, 0, out CallRegisters answer) || !IsCount(answer.Rax))
            {
                return false;
            }

            count = (uint)answer.Rax;
            CountTable.Values.Starts[(int)processor] = answer.Rdx;
            for (int cause = 0; cause < Causes; cause += HypercallProtocol.CountsPerCall)
            {
                if (!Client<TPlatform>.Ask(HypercallFunction.Exits, processor, (ulong)cause, out answer))
                {
                    return false;
                }

                Store(processor, cause, answer);
            }
        }

        CountTable.Processors = count;
        return true;
    }

    /// <summary>Takes the counts from a hypervisor that tells them to everyone.</summary>
    /// <returns>Whether it has answered everything.</returns>
    public static bool TakeOpenly()
    {
        uint count = 1;
        for (uint processor = 0; processor < count; processor++)
        {
            if (!Client<TPlatform>.AskOpenly(HypercallFunction.Processors, processor, 0, out CallRegisters answer) || !IsCount(answer.Rax))
            {
                return false;
            }

            count = (uint)answer.Rax;
            CountTable.Values.Starts[(int)processor] = answer.Rdx;
            for (int cause = 0; cause < Causes; cause++)
            {
                if (!Client<TPlatform>.AskOpenly(HypercallFunction.ExitCount, processor, (ulong)cause, out answer))
                {
                    return false;
                }

                CountTable.Values.Counts[((int)processor * Causes) + cause] = answer.Rax;
            }
        }

        CountTable.Processors = count;
        return true;
    }

    private static bool IsCount(ulong value) => value is > 0 and <= CountTable.MaximumProcessors;

    private static void Store(uint processor, int cause, CallRegisters answer)
    {
        ulong* words = &answer.Rcx;
        for (int i = 0; i < HypercallProtocol.CountsPerCall && cause + i < Causes; i++)
        {
            CountTable.Values.Counts[((int)processor * Causes) + cause + i] = words[i];
        }
    }
}
