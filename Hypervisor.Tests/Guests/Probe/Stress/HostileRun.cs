using Hypervisor.Core.Cpu;
using Hypervisor.Guests.Probe.Execution;
using Hypervisor.Guests.Probe.Reporting;

namespace Hypervisor.Guests.Probe.Stress;

/// <summary>
/// A guest that means harm: random ports, MSRs, configuration space, device memory with every instruction form, interrupt commands and hypercalls. What would stop
/// a bare machine too is left out: resets, power, DMA, the serial ports, system management mode, registers the program itself lives by. Nothing is compared; the
/// machine, and the hypervisor under it, shall be there afterwards.
/// </summary>
public static unsafe class HostileRun
{
    private const uint Kinds = 6;
    private const uint RoundsPerLine = 50_000;
    private static uint s_faults;
    private static uint s_done;

    /// <summary>Runs.</summary>
    public static void Run(uint rounds, uint seed)
    {
        RandomSequence random = new(seed);
        ulong window = HostilePci.FindWindow();
        for (uint round = 1; round <= rounds; round++)
        {
            switch (random.Next() % Kinds)
            {
                case 0:
                    HostilePorts.Step(ref random);
                    break;
                case 1:
                    HostileMsrs.Step(ref random);
                    break;
                case 2:
                    HostilePci.Step(ref random);
                    break;
                case 3:
                    Commands(ref random);
                    break;
                case 4:
                    Hypercall(ref random);
                    break;
                default:
                    HostileMemory.Step(ref random, window);
                    break;
            }

            if (round % RoundsPerLine == 0 || round == rounds)
            {
                Line(round);
            }
        }
    }

    /// <summary>Executes bytes with the registers that the context holds.</summary>
    internal static void Execute(RunContext* context, System.ReadOnlySpan<byte> code)
    {
        byte* target = (byte*)context->Rip;
        for (int i = 0; i < code.Length; i++)
        {
            target[i] = code[i];
        }

        target[code.Length] = 0xCD; // INT
        target[code.Length + 1] = Layout.ProbeVectors.Done;
        Runner.IsDone = false;
        Runner.Run();
        s_done += Runner.IsDone ? 1u : 0;
        s_faults += Runner.IsDone ? 0 : 1u;
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

    /// <summary>Any command to an APIC that does not exist, INIT and SIPI among them, of any width and alignment.</summary>
    private static void Commands(ref RandomSequence random)
    {
        const uint nobody = 0xF0u << 24;
        const uint shorthandBits = 3u << 18;
        const uint logicalBit = 1u << 11;
        ApicAccess.Write(LocalApic.InterruptCommandHigh, nobody);
        uint command = random.Next() & ~(shorthandBits | logicalBit);
        if ((random.Next() & 7) != 0)
        {
            ApicAccess.Write(LocalApic.InterruptCommandLow, command);
            return;
        }

        RunContext* context = Runner.Prepare(Layout.SnippetName.StiCpuid);
        context->Rdi = ApicAccess.Page + LocalApic.InterruptCommandLow;
        context->Rax = command;
        System.ReadOnlySpan<byte> code = (random.Next() & 3) switch
        {
            0 => [0x88, 0x07],
            1 => [0x66, 0x89, 0x07],
            2 => [0x87, 0x07],
            _ => [0x09, 0x07],
        };
        Execute(context, code);
    }

    private static void Hypercall(ref RandomSequence random)
    {
        const ulong signature = 0x006C_6C61_632D_7668;
        RunContext* context = Runner.Prepare(Layout.SnippetName.StiCpuid);
        context->Rax = (random.Next() & 1) == 0 ? signature : random.Next();
        context->Rcx = random.Next() & 0x3F;
        context->Rdx = random.Next();
        context->R8 = random.Next();
        context->R9 = random.Next();
        Execute(context, (random.Next() & 1) == 0 ? [0x0F, 0x01, 0xC1] : [0x0F, 0x01, 0xD9]);
    }
}
