using System;
using System.Runtime.CompilerServices;
using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Host;

/// <summary>Where a failed check of the host ends. The report that follows names the reason and the place.</summary>
public static unsafe class FailFast
{
    private static byte* s_reason;
    private static int s_reasonLength;

    /// <summary>What the last failed check said; empty when the fault was not raised by a check.</summary>
    public static ReadOnlySpan<byte> Reason => new(s_reason, s_reasonLength);

    /// <summary>Forgets what the last failed check said: it has been dealt with.</summary>
    public static void Forget() => s_reasonLength = 0;

    /// <summary>Leaves <paramref name="reason"/> for the report and stops the processor with an undefined instruction.</summary>
    /// <param name="reason">Constant text: it must outlive the call.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Stop(ReadOnlySpan<byte> reason)
    {
        fixed (byte* text = reason)
        {
            s_reason = text;
            s_reasonLength = reason.Length;
        }

        Instructions.Undefined();
    }
}
