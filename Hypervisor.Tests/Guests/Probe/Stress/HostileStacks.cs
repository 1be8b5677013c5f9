using System;
using Hypervisor.Guests.Probe.Execution;
using Hypervisor.Guests.Probe.Layout;

namespace Hypervisor.Guests.Probe.Stress;

/// <summary>Stack, code and the frame of an interrupt in trapped memory: what is pushed there vanishes, what is fetched there is zero or all ones.</summary>
internal static unsafe class HostileStacks
{
    // Not canonical: zeros read as code are ADD [RAX],AL, which then faults at once and does not run on to whatever follows the memory.
    private const ulong NotCanonical = 0x8000_0000_0000_0000;

    private const byte InterruptReturn = 0xCF;

    private static ReadOnlySpan<byte> Forms =>
    [
        0x50, 0x90, 0x90, 0x90, 0x90, 0x58, 0x90, 0x90, 0x90, 0x90, 0x5C, 0x90, 0x90, 0x90, 0x90, 0xE8, 0x00, 0x00, 0x00, 0x00, 0x9C, 0x90, 0x90, 0x90, 0x90,
        0x9D, 0x90, 0x90, 0x90, 0x90, 0xC8, 0x08, 0x00, 0x01, 0x90, 0xC9, 0x90, 0x90, 0x90, 0x90, 0xCF, 0x90, 0x90, 0x90, 0x90, 0xCB, 0x90, 0x90, 0x90, 0x90,
        0x66, 0x50, 0x90, 0x90, 0x90, 0x6A, 0x12, 0x90, 0x90, 0x90, 0x8F, 0x06, 0x90, 0x90, 0x90, 0xFF, 0x36, 0x90, 0x90, 0x90, 0xC3, 0x90, 0x90, 0x90, 0x90,
        0x48, 0xCF, 0x90, 0x90, 0x90, 0x0F, 0xA0, 0x90, 0x90, 0x90,
    ];

    /// <summary>One instruction.</summary>
    internal static void Step(ref RandomSequence random)
    {
        const int size = 5;
        ulong place = HostileTargets.Choose(ref random);
        if (place == 0 || HostileTargets.IsAtBorder(place))
        {
            return;
        }

        RunContext* context = HostileRun.Prepare();
        context->RFlags = HostileRun.RandomFlags(ref random);
        context->Rsi = (ulong)Runner.Scratch;
        context->Rbp = place;
        uint choice = random.Next() & 7;
        if (choice == 0)
        {
            context->Rip = place;
            context->Rax = NotCanonical;
            HostileRun.Execute();
            return;
        }

        context->Rsp = place;
        if (choice == 1)
        {
            HostileRun.Execute(context, [0xCD, ProbeVectors.OnOwnStack]);
            return;
        }

        ReadOnlySpan<byte> form = Forms.Slice((int)(random.Next() % (uint)(Forms.Length / size)) * size, size);
        // QEMU's IRET takes the flag VM from the stack in 64-bit mode too, where processors ignore it (AMD APM vol 3, IRET), and never comes back.
        bool returns = form[0] == InterruptReturn || form[1] == InterruptReturn;
        if (!returns || HostileTargets.ReadsZero(place))
        {
            HostileRun.Execute(context, form);
        }
    }
}
