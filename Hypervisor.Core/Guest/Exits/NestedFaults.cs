using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;
using Hypervisor.Core.Traps;

namespace Hypervisor.Core.Guest.Exits;

/// <summary>
/// Accesses that the nested tables do not let pass: nested page faults (AMD APM vol 2 §15.25.6), EPT violations (Intel SDM vol 3 §28.3.3.2). They are writes to
/// the local APIC page while it is trapped, and writes to the host's memory.
/// </summary>
public static unsafe class NestedFaults
{
    private const ulong PageMask = PageSizes.Size4K - 1;
    private const uint ReportedWrites = 8;

    /// <summary>Deals with an access.</summary>
    /// <param name="processor">The processor.</param>
    /// <param name="address">Guest-physical address.</param>
    /// <param name="information">What the processor says about it, for the log.</param>
    public static ExitCause Handle<TGuest>(ProcessorData* processor, ulong address, ulong information)
        where TGuest : struct, IGuestProcessor
    {
        MachineData* machine = processor->Machine;
        bool isHost = address - machine->RegionBase < machine->RegionSize;
        if (processor->Step.Active && !isHost)
        {
            GuestDoors.Shut<TGuest>(processor);
        }

        if (LocalApicPage.Contains(processor, address))
        {
            return LocalApicPage.Write<TGuest>(processor, address);
        }

        if (!isHost && NestedTraps.IsClaimed(machine, address))
        {
            return MemoryExits.Handle<TGuest>(processor, address);
        }

        return isHost ? WriteHost<TGuest>(processor, address) : Unexpected<TGuest>(processor, address, information);
    }

    private static ExitCause WriteHost<TGuest>(ProcessorData* processor, ulong address)
        where TGuest : struct, IGuestProcessor
    {
        if (processor->Exits.Read(ExitCause.ProtectedMemory) < ReportedWrites)
        {
            Log.Begin(LogLevel.Warning, processor->Index).Text("write to the memory of hv at "u8).Hex(address)
                .Text(" from "u8).Hex(TGuest.Rip(processor)).Text(" dropped"u8).End();
        }

        if (!GuestDoors.OpenProtectedPage<TGuest>(processor, address & ~PageMask))
        {
            GuestFault.RaiseGeneralProtection<TGuest>(processor);
        }

        return ExitCause.ProtectedMemory;
    }

    private static ExitCause Unexpected<TGuest>(ProcessorData* processor, ulong address, ulong information)
        where TGuest : struct, IGuestProcessor
    {
        if (processor->Exits.Read(ExitCause.UnexpectedMemory) == 0)
        {
            Log.Begin(LogLevel.Error, processor->Index).Text("no memory is mapped for the guest at "u8).Hex(address)
                .Text(", error code "u8).Hex(information).Text(": #GP"u8).End();
        }

        GuestFault.RaiseGeneralProtection<TGuest>(processor);
        return ExitCause.UnexpectedMemory;
    }
}
