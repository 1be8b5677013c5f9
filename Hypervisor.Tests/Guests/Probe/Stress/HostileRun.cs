using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Guests.Probe.Execution;
using Hypervisor.Guests.Probe.Layout;
using Hypervisor.Guests.Probe.Reporting;

namespace Hypervisor.Guests.Probe.Stress;

/// <summary>
/// A guest that means harm: random ports, MSRs, configuration space, trapped memory with every instruction form, interrupt commands, hypercalls, instructions of
/// virtualisation. What would stop a bare machine too is left out, each with its reason where it is left out. Nothing is compared; the machine, and the hypervisor
/// under it, shall be there afterwards.
/// </summary>
public static unsafe class HostileRun
{
    private const int Kinds = 8;
    private const uint RoundsPerLine = 50_000;
    private const int EndBytes = 16;
    private const byte SoftwareInterrupt = 0xCD;
    private static ulong s_done;
    private static ulong s_faults;

    /// <summary>Runs.</summary>
    /// <param name="rounds">Number of accesses.</param>
    /// <param name="seed">Start of the random sequence.</param>
    /// <param name="kinds">Which; none for all.</param>
    public static void Run(uint rounds, uint seed, HostileKinds kinds)
    {
        RandomSequence random = new(seed);
        kinds = kinds == HostileKinds.None ? HostileKinds.All : kinds;
        ProcessorTables.UseInterruptStacks();
        HostileTargets.Find();
        HostilePorts.Find();
        HostileCommands.Open();
        for (uint round = 1; round <= rounds; round++)
        {
            Step(ref random, kinds);
            if (round % RoundsPerLine == 0 || round == rounds)
            {
                Line(round);
            }
        }

        HostileCommands.Close();
        HostileMsrs.Close();
        Execute(Prepare(), [0xDB, 0xE3]); // FNINIT
        Report.Begin("hostile"u8);
        Report.AppendField("hypervisor-answers"u8, HostileCalls.IsAnswered() ? 1u : 0);
        Report.AppendField("its-memory"u8, HostileTargets.HostFirst);
        Report.End();
    }

    /// <summary>The registers of the next piece of code: all zero.</summary>
    internal static RunContext* Prepare() => Runner.Prepare(SnippetName.StiCpuid);

    /// <summary>Flags that change how instructions end: interrupts, single steps, resume, alignment.</summary>
    internal static ulong RandomFlags(ref RandomSequence random)
    {
        const ulong harmless = 0x8D5 | (1 << 9) | (1 << 18) | (1 << 21);
        const ulong trap = 1 << 8;
        ulong flags = (random.Next() & harmless) | 2;
        return (random.Next() & 7) == 0 ? flags | trap : flags;
    }

    /// <summary>Executes bytes with the registers that the context holds.</summary>
    internal static void Execute(RunContext* context, ReadOnlySpan<byte> code)
    {
        byte* target = (byte*)context->Rip;
        for (int i = 0; i < code.Length; i++)
        {
            target[i] = code[i];
        }

        // Several times: the code may be of another length than its writer thinks. Begun in the middle it is the same behind a prefix.
        for (int i = code.Length; i < code.Length + EndBytes; i += 2)
        {
            target[i] = SoftwareInterrupt;
            target[i + 1] = ProbeVectors.Done;
        }

        Execute();
    }

    /// <summary>Goes on where the context says.</summary>
    internal static void Execute()
    {
        Runner.IsDone = false;
        Runner.Run();
        s_done += Runner.IsDone ? 1u : 0;
        s_faults += Runner.IsDone ? 0 : 1u;
    }

    private static void Step(ref RandomSequence random, HostileKinds kinds)
    {
        HostileKinds kind;
        do
        {
            kind = (HostileKinds)(1u << (int)(random.Next() % Kinds));
        }
        while ((kinds & kind) == 0);
        switch (kind)
        {
            case HostileKinds.Ports:
                HostilePorts.Step(ref random);
                break;
            case HostileKinds.Msrs:
                HostileMsrs.Step(ref random);
                break;
            case HostileKinds.Pci:
                HostilePci.Step(ref random);
                break;
            case HostileKinds.Commands:
                HostileCommands.Step(ref random);
                break;
            case HostileKinds.Calls:
                HostileCalls.Step(ref random);
                break;
            case HostileKinds.Instructions:
                HostileInstructions.Step(ref random);
                break;
            case HostileKinds.Stacks:
                HostileStacks.Step(ref random);
                break;
            default:
                HostileMemory.Step(ref random);
                break;
        }
    }

    private static void Line(uint round)
    {
        Report.Begin("hostile"u8);
        Report.Append(" rounds="u8);
        Report.AppendDecimal(round);
        Report.AppendField("done"u8, s_done);
        Report.AppendField("faults"u8, s_faults);
        Report.End();
    }
}
