using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Host;
using Hypervisor.Core.Traps;

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

        uint value = (uint)rax;
        if (!PortTraps.Access(processor, access.Port, access.Size, !access.IsIn, ref value))
        {
            GuestDoors.OpenPorts<TGuest>(processor);
            return ExitCause.Port;
        }

        processor->Registers.Rax = access.IsIn ? Result(access.Size, rax, value) : rax;
        TGuest.Advance(processor, length);
        return ExitCause.Port;
    }

    /// <summary>RAX behind IN: a 32-bit result clears the upper half, the narrower ones leave the rest as it is.</summary>
    private static ulong Result(int size, ulong rax, uint value) => size switch
    {
        sizeof(byte) => (rax & ~Low8) | (value & Low8),
        sizeof(ushort) => (rax & ~Low16) | (value & Low16),
        _ => value,
    };
}
