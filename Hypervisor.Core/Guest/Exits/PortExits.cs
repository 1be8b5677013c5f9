using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Guest.Exits;

/// <summary>IN and OUT of trapped ports.</summary>
public static unsafe class PortExits
{
    private const ulong Low8 = 0xFF;
    private const ulong Low16 = 0xFFFF;

    /// <summary>Completes an access.</summary>
    public static ExitCause Handle<TGuest>(ProcessorData* processor, PortAccess access, uint length)
        where TGuest : struct, IGuestProcessor
    {
        ulong rax = processor->Registers.Rax;
        if (access.IsString)
        {
            // The data are in memory. Rather than fetch them, take the worst for granted: arming costs little.
            ApicTrap.ArmEverywhere(processor, startFollows: true);
            GuestDoors.OpenPorts<TGuest>(processor);
            return ExitCause.Port;
        }

        if (!access.IsIn && ShutdownCode.IsChosen(processor->Machine, access.Port, access.Size, (uint)rax))
        {
            ApicTrap.ArmEverywhere(processor, startFollows: true);
        }

        processor->Registers.Rax = access.IsIn ? In(access, rax) : Out(access, rax);
        TGuest.Advance(processor, length);
        return ExitCause.Port;
    }

    private static ulong In(PortAccess access, ulong rax) => access.Size switch
    {
        1 => (rax & ~Low8) | Instructions.In8(access.Port),
        2 => (rax & ~Low16) | Instructions.In16(access.Port),
        _ => Instructions.In32(access.Port),
    };

    private static ulong Out(PortAccess access, ulong rax)
    {
        switch (access.Size)
        {
            case 1:
                Instructions.Out8(access.Port, (byte)rax);
                break;
            case 2:
                Instructions.Out16(access.Port, (ushort)rax);
                break;
            default:
                Instructions.Out32(access.Port, (uint)rax);
                break;
        }

        return rax;
    }
}
