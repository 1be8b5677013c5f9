using System;
using Hypervisor.Control.Calls;
using Hypervisor.Control.Platform;
using Hypervisor.Core.Diagnostics;

namespace Hypervisor.Control.Commands;

/// <summary><c>hvctl log [-f]</c>: the hypervisor's log, oldest line first.</summary>
internal static unsafe class LogCommand<TPlatform>
    where TPlatform : struct, IPlatform
{
    private const uint FollowMilliseconds = 500;

    /// <summary>Runs it.</summary>
    public static ExitStatus Run()
    {
        bool isFollowed = Arguments.TryTakeFlag("-f"u8);
        ExitStatus status = Client<TPlatform>.Connect();
        if (status != ExitStatus.Success || !ControlProgram<TPlatform>.IsDone(out status))
        {
            return status;
        }

        ulong position = 0;
        do
        {
            if (!PrintNew(ref position))
            {
                return Complaint<TPlatform>.Say("the hypervisor does not answer any more"u8);
            }

            if (isFollowed)
            {
                TPlatform.Wait(FollowMilliseconds);
            }
        }
        while (isFollowed && !TPlatform.IsInterrupted);

        return ExitStatus.Success;
    }

    /// <summary>Prints what has come since a position.</summary>
    private static bool PrintNew(ref ulong position)
    {
        Span<byte> bytes = stackalloc byte[HypercallProtocol.ShortDataSize];
        while (Client<TPlatform>.Ask(HypercallFunction.LogRead, position, 0, out CallRegisters answer))
        {
            if (answer.Rax is 0 or > HypercallProtocol.ShortDataSize)
            {
                Output<TPlatform>.Flush();
                return true;
            }

            answer.CopyData(1, bytes);
            Output<TPlatform>.Text(bytes.Slice(0, (int)answer.Rax));
            position = answer.Rcx;
        }

        return false;
    }
}
