using Hypervisor.Core.Cpu;
using Hypervisor.Guests.Probe.Execution;
using Hypervisor.Guests.Probe.Layout;
using Hypervisor.Guests.Probe.Reporting;

namespace Hypervisor.Guests.Probe.Stress;

/// <summary>
/// Random exits for as long as one likes. Every answer that a bare machine gives too goes into a hash, so that two runs with the same seed
/// can be compared.
/// </summary>
public static unsafe class StressRun
{
    private const uint Kinds = 9;
    private const uint RoundsPerLine = 100_000;
    private const ushort CmosIndex = 0x70;
    private const ushort CmosData = 0x71;
    private const byte CmosLastByte = 0x0F; // shutdown status, and it reads the same every time
    private const ushort DelayPort = 0x80;
    private const ulong NmiWait = 200;

    private static uint s_hash;
    private static uint s_interrupts;
    private static uint s_nmis;

    /// <summary>Runs.</summary>
    public static void Run(uint rounds, uint seed)
    {
        RandomSequence random = new(seed);
        for (uint round = 1; round <= rounds; round++)
        {
            Step(ref random);
            if (round % RoundsPerLine == 0 || round == rounds)
            {
                Line(round);
            }
        }
    }

    private static void Line(uint round)
    {
        Report.Begin("stress"u8);
        Report.Append(" rounds="u8);
        Report.AppendDecimal(round);
        Report.AppendField("hash"u8, s_hash);
        Report.AppendField("interrupts"u8, s_interrupts);
        Report.AppendField("nmis"u8, s_nmis);
        Report.End();
    }

    private static void Step(ref RandomSequence random)
    {
        uint choice = random.Next() % Kinds;
        uint value = random.Next();
        switch (choice)
        {
            case 0:
                Cpuid(value);
                break;
            case 1:
                Add((uint)Instructions.ReadMsr(Msr.Efer) & ~(1u << 12));
                break;
            case 2:
                Instructions.WriteMsr(Msr.Efer, Instructions.ReadMsr(Msr.Efer));
                break;
            case 3:
                Instructions.Out8(CmosIndex, CmosLastByte);
                Add(Instructions.In8(CmosData));
                break;
            case 4:
                Instructions.Out8(DelayPort, (byte)value);
                break;
            case 5:
                Interrupt();
                break;
            case 6:
                Nmi();
                break;
            case 7:
                ApicRegister(value);
                break;
            default:
                Add((uint)Instructions.ReadMsr(Msr.Pat));
                break;
        }
    }

    private static void Add(uint value) => s_hash = (s_hash * 31) + value;

    private static void Cpuid(uint value)
    {
        CpuidResult result;
        uint leaf = ((value & 1) == 0 ? 0 : 0x8000_0000) + ((value >> 1) & 7);
        Instructions.Cpuid(leaf, 0, &result);
        Checks.CpuidMask.Apply(leaf, &result);
        Add(result.Eax);
        Add(result.Ebx);
        Add(result.Ecx);
        Add(result.Edx);
    }

    private static void Interrupt()
    {
        Runner.Prepare(SnippetName.StiCpuid);
        ApicAccess.SendToSelf(ProbeVectors.SelfInterrupt);
        Runner.Run();
        s_interrupts += (uint)Runner.Events->CountOf(ProbeVectors.SelfInterrupt);
        Add((uint)Runner.Events->Record(0)->Offset);
    }

    private static void Nmi()
    {
        RunContext* context = Runner.Prepare(SnippetName.SendAndWait);
        context->Rax = ApicAccess.NmiCommand;
        context->Rcx = ApicAccess.Read(LocalApic.IdRegister);
        context->Rdi = ApicAccess.Page;
        context->R8 = NmiWait;
        Runner.NmiAction = NmiAction.ExecuteCpuid;
        Runner.Run();
        s_nmis += (uint)Runner.Events->CountOf(ProbeVectors.Nmi);
    }

    private static void ApicRegister(uint value)
    {
        ApicAccess.Write(ApicAccess.TaskPriority, value & 0xFF);
        Add(ApicAccess.Read(ApicAccess.TaskPriority));
        ApicAccess.Write(ApicAccess.TaskPriority, 0);
    }
}
