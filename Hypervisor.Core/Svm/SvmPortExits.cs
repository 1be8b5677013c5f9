using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Svm;

/// <summary>IN and OUT of trapped ports (AMD APM vol 2 §15.10.2).</summary>
internal static unsafe class SvmPortExits
{
    private const ulong Low8 = 0xFF;
    private const ulong Low16 = 0xFFFF;

    internal static ExitCause Handle(ProcessorData* processor, Vmcb* vmcb)
    {
        SvmPortInfo info = new(vmcb->ExitInfo1);
        ulong rax = processor->Registers.Rax;
        if (info.IsString)
        {
            // The data are in memory. Rather than fetch them, take the worst for granted: arming costs little.
            ApicTrap.ArmEverywhere(processor, startFollows: true);
            SvmStep.OpenPorts(processor, vmcb);
            return ExitCause.Port;
        }

        if (!info.IsIn && ShutdownCode.IsChosen(processor->Machine, info.Port, info.Size, (uint)rax))
        {
            ApicTrap.ArmEverywhere(processor, startFollows: true);
        }

        processor->Registers.Rax = info.IsIn ? In(info, rax) : Out(info, rax);
        SvmGuest.Advance(vmcb, (uint)(vmcb->ExitInfo2 - vmcb->Rip));
        return ExitCause.Port;
    }

    private static ulong In(SvmPortInfo info, ulong rax) => info.Size switch
    {
        1 => (rax & ~Low8) | Instructions.In8(info.Port),
        2 => (rax & ~Low16) | Instructions.In16(info.Port),
        _ => Instructions.In32(info.Port),
    };

    private static ulong Out(SvmPortInfo info, ulong rax)
    {
        switch (info.Size)
        {
            case 1:
                Instructions.Out8(info.Port, (byte)rax);
                break;
            case 2:
                Instructions.Out16(info.Port, (ushort)rax);
                break;
            default:
                Instructions.Out32(info.Port, (uint)rax);
                break;
        }

        return rax;
    }
}
