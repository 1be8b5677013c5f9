using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;
using Hypervisor.Core.Traps;

namespace Hypervisor.Core.Guest.Exits;

/// <summary>
/// Accesses that the nested tables do not let pass: nested page faults (AMD APM vol 2 §15.25.6), EPT violations (Intel SDM vol 3 §28.3.3.2). They are writes to
/// the local APIC page while it is trapped, writes to the host's memory, and accesses to what mediators have claimed.
/// </summary>
public static unsafe class NestedFaults
{
    private const ulong PageMask = PageSizes.Size4K - 1;
    private const uint ReportedWrites = 8;

    /// <summary>Deals with an access.</summary>
    public static ExitCause Handle<TGuest>(ProcessorData* processor, NestedAccess access)
        where TGuest : struct, IGuestProcessor
    {
        MachineData* machine = processor->Machine;
        ulong address = access.Address;
        bool isHost = address - machine->RegionBase < machine->RegionSize;
        GuestStep* step = &processor->Step;
        ulong before = step->Active && step->ClaimedRootEntry != 0 && step->RipLow == (uint)TGuest.Rip(processor) ? step->ClaimedPage : 0;
        if (step->Active && !isHost)
        {
            GuestDoors.Shut<TGuest>(processor);
        }

        step->PageBefore = before;

        if (!isHost && TGuest.IsDelivering(processor))
        {
            return Delivery<TGuest>(processor, access);
        }

        if (LocalApicPage.Contains(processor, address))
        {
            return LocalApicPage.Write<TGuest>(processor, address);
        }

        if (isHost)
        {
            return WriteHost<TGuest>(processor, address);
        }

        MemoryClaim* claim = machine->Traps->Memory.Find(address);
        return claim != null || NestedTraps.IsClaimed(machine, address)
            ? MemoryExits.Handle<TGuest>(processor, access, claim)
            : Unexpected<TGuest>(processor, access);
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

    /// <summary>
    /// A frame of an event in trapped memory. There is no instruction to execute in the guest's place, and behind a door nothing would stop the handler: what it writes
    /// next, an interrupt command with INIT perhaps, would pass. So it is refused, as one where there is no memory would be; no system has its stack in device registers.
    /// </summary>
    private static ExitCause Delivery<TGuest>(ProcessorData* processor, NestedAccess access)
        where TGuest : struct, IGuestProcessor
    {
        if (processor->Exits.Read(ExitCause.UnexpectedMemory) < ReportedWrites)
        {
            Log.Begin(LogLevel.Warning, processor->Index).Text("an event is delivered to a stack in trapped memory at "u8).Hex(access.Address)
                .Text(", RIP "u8).Hex(TGuest.Rip(processor)).Text(": #GP"u8).End();
        }

        GuestFault.RaiseGeneralProtection<TGuest>(processor);
        return ExitCause.UnexpectedMemory;
    }

    private static ExitCause Unexpected<TGuest>(ProcessorData* processor, NestedAccess access)
        where TGuest : struct, IGuestProcessor
    {
        if (processor->Exits.Read(ExitCause.UnexpectedMemory) == 0)
        {
            Log.Begin(LogLevel.Error, processor->Index).Text("no memory is mapped for the guest at "u8).Hex(access.Address)
                .Text(", error code "u8).Hex(access.Information).Text(": #GP"u8).End();
        }

        GuestFault.RaiseGeneralProtection<TGuest>(processor);
        return ExitCause.UnexpectedMemory;
    }
}
