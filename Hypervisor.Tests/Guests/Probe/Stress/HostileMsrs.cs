using System;
using Hypervisor.Guests.Probe.Execution;

namespace Hypervisor.Guests.Probe.Stress;

/// <summary>MSRs: any is read; written are those that do not exist and those of virtualisation, which the hypervisor has to refuse.</summary>
internal static unsafe class HostileMsrs
{
    private static ReadOnlySpan<uint> Written =>
        [0xC001_0114, 0xC001_0117, 0xC001_0118, 0x3A, 0x480, 0x48B, 0x491, 0x174, 0x175, 0xC000_0081, 0xC000_0083, 0xC000_0103, 0x4000_0000, 0xFFFF_FFFF];

    /// <summary>One access.</summary>
    internal static void Step(ref RandomSequence random)
    {
        uint choice = random.Next();
        RunContext* context = Runner.Prepare(Layout.SnippetName.StiCpuid);
        context->Rax = random.Next();
        context->Rdx = random.Next();
        if ((choice & 3) == 0)
        {
            context->Rcx = Written[(int)(random.Next() % (uint)Written.Length)];
            HostileRun.Execute(context, [0x0F, 0x30]);
            return;
        }

        context->Rcx = (choice >> 2 & 3) switch
        {
            0 => random.Next() & 0x1FFF,
            1 => 0xC000_0000 | (random.Next() & 0x1FFF),
            2 => 0xC001_0000 | (random.Next() & 0x1FFF),
            _ => random.Next(),
        };
        HostileRun.Execute(context, [0x0F, 0x32]);
    }
}
