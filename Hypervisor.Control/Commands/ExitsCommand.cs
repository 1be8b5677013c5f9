using System;
using Hypervisor.Control.Calls;
using Hypervisor.Control.Platform;
using Hypervisor.Core.Diagnostics;

namespace Hypervisor.Control.Commands;

/// <summary>
/// <c>hvctl exits [--total]</c>: a row for each cause that has occurred, then the sum, then how often each processor was started; or the sum alone. It takes no
/// secret where the hypervisor tells this to everyone.
/// </summary>
internal static class ExitsCommand<TPlatform>
    where TPlatform : struct, IPlatform
{
    private const int NumberWidth = 10;
    private const int NameWidth = 26;

    /// <summary>Runs it.</summary>
    public static ExitStatus Run()
    {
        bool isTotal = Arguments.TryTakeFlag("--total"u8);
        if (SecretSource<TPlatform>.IsGiven)
        {
            ExitStatus status = Client<TPlatform>.Connect();
            if (status != ExitStatus.Success || !ControlProgram<TPlatform>.IsDone(out status))
            {
                return status;
            }

            return ExitCounts<TPlatform>.Take() ? Print(isTotal) : Complaint<TPlatform>.Say("the hypervisor does not answer any more"u8);
        }

        if (!ControlProgram<TPlatform>.IsDone(out ExitStatus usage))
        {
            return usage;
        }

        if (ExitCounts<TPlatform>.TakeOpenly())
        {
            return Print(isTotal);
        }

        Complaint<TPlatform>.Say("no hypervisor answers those who have no secret"u8);
        return ExitStatus.NoAnswer;
    }

    private static ExitStatus Print(bool isTotal)
    {
        if (isTotal)
        {
            Output<TPlatform>.Decimal(SumOf(0, ExitCounts<TPlatform>.Causes, 0, ExitCounts<TPlatform>.Processors));
            Output<TPlatform>.EndLine();
            return ExitStatus.Success;
        }

        Output<TPlatform>.Padded("processor"u8, NameWidth);
        for (uint i = 0; i < ExitCounts<TPlatform>.Processors; i++)
        {
            Output<TPlatform>.Decimal(i, NumberWidth);
        }

        Output<TPlatform>.Blanks(NumberWidth - "total"u8.Length);
        Output<TPlatform>.Text("total"u8);
        Output<TPlatform>.EndLine();
        for (int cause = 0; cause < ExitCounts<TPlatform>.Causes; cause++)
        {
            // Rows of zeros are left out.
            if (SumOf(cause, cause + 1, 0, ExitCounts<TPlatform>.Processors) != 0)
            {
                PrintRow(ExitCauseName.Of((ExitCause)cause), cause, cause + 1);
            }
        }

        PrintRow("all causes"u8, 0, ExitCounts<TPlatform>.Causes);
        Output<TPlatform>.Padded("starts"u8, NameWidth);
        for (uint i = 0; i < ExitCounts<TPlatform>.Processors; i++)
        {
            Output<TPlatform>.Decimal(ExitCounts<TPlatform>.Starts(i), NumberWidth);
        }

        Output<TPlatform>.EndLine();
        return ExitStatus.Success;
    }

    private static void PrintRow(ReadOnlySpan<byte> name, int first, int end)
    {
        Output<TPlatform>.Padded(name, NameWidth);
        for (uint i = 0; i < ExitCounts<TPlatform>.Processors; i++)
        {
            Output<TPlatform>.Decimal(SumOf(first, end, i, i + 1), NumberWidth);
        }

        Output<TPlatform>.Decimal(SumOf(first, end, 0, ExitCounts<TPlatform>.Processors), NumberWidth);
        Output<TPlatform>.EndLine();
    }

    private static ulong SumOf(int firstCause, int endCause, uint firstProcessor, uint endProcessor)
    {
        ulong sum = 0;
        for (uint processor = firstProcessor; processor < endProcessor; processor++)
        {
            for (int cause = firstCause; cause < endCause; cause++)
            {
                sum += ExitCounts<TPlatform>.Read(processor, cause);
            }
        }

        return sum;
    }
}
