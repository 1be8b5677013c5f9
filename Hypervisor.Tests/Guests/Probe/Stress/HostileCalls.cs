using System;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Guests.Probe.Execution;

namespace Hypervisor.Guests.Probe.Stress;

/// <summary>Hypercalls with random arguments.</summary>
internal static unsafe class HostileCalls
{
    private const ulong Signature = 0x006C_6C61_632D_7668; // HypercallProtocol.Signature, in a file with cryptography that is not wanted here
    private const uint Functions = 0x40;

    /// <summary>One call.</summary>
    internal static void Step(ref RandomSequence random)
    {
        RunContext* context = HostileRun.Prepare();
        context->Rax = (random.Next() & 7) != 0 ? Signature : random.Next();
        context->Rcx = (random.Next() & 7) != 0 ? random.Next() % Functions : Wide(ref random);
        context->Rdx = (random.Next() & 1) == 0 ? random.Next() & 3 : Wide(ref random);
        context->R8 = (random.Next() & 1) == 0 ? random.Next() & 0x3F : Wide(ref random);
        context->R9 = Wide(ref random);
        context->R10 = Wide(ref random);
        context->R11 = Wide(ref random);
        context->RFlags = HostileRun.RandomFlags(ref random);
        HostileRun.Execute(context, (random.Next() & 1) == 0 ? [0x0F, 0x01, 0xC1] : [0x0F, 0x01, 0xD9]);
    }

    /// <summary>Whether a hypervisor whose status is open to all tells the number of its processors.</summary>
    internal static bool IsAnswered()
    {
        return Ask([0x0F, 0x01, 0xC1]) || Ask([0x0F, 0x01, 0xD9]);
    }

    private static bool Ask(ReadOnlySpan<byte> instruction)
    {
        RunContext* context = HostileRun.Prepare();
        context->Rax = Signature;
        context->Rcx = (ulong)HypercallFunction.Processors;
        HostileRun.Execute(context, instruction);
        return Runner.IsDone && Runner.Context->Rax is > 0 and < 256;
    }

    private static ulong Wide(ref RandomSequence random) => ((ulong)random.Next() << 32) | random.Next();
}
