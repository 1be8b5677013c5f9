using System.Runtime.CompilerServices;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest.Emulation;
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
        if (access.IsString)
        {
            if (StringPortExecution.Run<TGuest>(processor, access) == EmulationOutcome.NotEmulated)
            {
                GuestDoors.OpenPorts<TGuest>(processor);
            }

            return ExitCause.Port;
        }

        ulong rax = processor->Registers.Rax;
        uint value = (uint)rax;
        if (Access(processor, access, ref value))
        {
            processor->Registers.Rax = access.IsIn ? Result(access.Size, rax, value) : rax;
            TGuest.Advance(processor, length);
        }
        else
        {
            GuestDoors.OpenPorts<TGuest>(processor);
        }

        return ExitCause.Port;
    }

    /// <summary>Whether <see cref="TryAccess"/> may have something to do at a port.</summary>
    internal static bool HasShortWay(PortAccess access) => ConfigurationTraps.IsPair(access.Port) && !access.IsString;

    /// <summary>The short way, for an exit whose guest's vector registers are not saved. Only where <see cref="HasShortWay"/>.</summary>
    /// <param name="processor">The processor.</param>
    /// <param name="access">The access.</param>
    /// <param name="rax">RAX.</param>
    /// <returns>False when nothing has been done.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryAccess(ProcessorData* processor, PortAccess access, ref ulong rax)
    {
        long value = ConfigurationTraps.TryAccess(processor, access, (uint)rax);
        if (value < 0)
        {
            return false;
        }

        if (access.IsIn)
        {
            rax = access.Size == sizeof(uint) ? (uint)value : Result(access.Size, rax, (uint)value);
        }

        processor->Exits.Count(ExitCause.Port);
        return true;
    }

    /// <summary>Makes one access for the guest; what the host itself listens for is noted.</summary>
    /// <returns>False when the guest shall make it: nothing has been done.</returns>
    internal static bool Access(ProcessorData* processor, PortAccess access, ref uint value)
    {
        if (!access.IsIn && ShutdownCode.IsChosen(processor->Machine, access.Port, access.Size, value))
        {
            ApicTrap.ArmEverywhere(processor, startFollows: true);
        }

        return PortTraps.Access(processor, access.Port, access.Size, !access.IsIn, ref value, access.IsString);
    }

    /// <summary>RAX behind IN: a 32-bit result clears the upper half, the narrower ones leave the rest as it is.</summary>
    private static ulong Result(int size, ulong rax, uint value) => size switch
    {
        sizeof(byte) => (rax & ~Low8) | (value & Low8),
        sizeof(ushort) => (rax & ~Low16) | (value & Low16),
        _ => value,
    };
}
