using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest.Emulation;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;
using Hypervisor.Core.Traps;

namespace Hypervisor.Core.Guest.Exits;

/// <summary>Accesses to claimed memory: the host executes the instruction in the guest's place, each of its accesses decided by the mediator whose memory it is.</summary>
public static unsafe class MemoryExits
{
    private const ulong PageMask = PageSizes.Size4K - 1;

    /// <summary>Deals with an access.</summary>
    /// <typeparam name="TGuest">The guest's processor.</typeparam>
    /// <param name="processor">The processor.</param>
    /// <param name="access">The access, to a page of which something is claimed.</param>
    /// <param name="claim">The claim of its first byte; null where that is nobody's.</param>
    public static ExitCause Handle<TGuest>(ProcessorData* processor, NestedAccess access, MemoryClaim* claim)
        where TGuest : struct, IGuestProcessor
    {
        if (access.IsWalk)
        {
            // Page tables in device registers: no system has them there, and the walk would set flags in them.
            Refuse<TGuest>(processor, access, "page tables in claimed memory"u8);
        }
        else if (access.IsFetch)
        {
            Open<TGuest>(processor, access, writable: false);
        }
        else if (claim != null && claim->Form.AsksGuest)
        {
            ExecuteOrLeave<TGuest>(processor, access);
        }
        else
        {
            Finish<TGuest>(processor, access, InstructionEmulator.Execute<TGuest, TrapBus>(processor, access.Address, access.IsWrite));
        }

        return ExitCause.Memory;
    }

    /// <summary>Where a mediator may leave an instruction to the guest, what has been done until it says so is taken back.</summary>
    private static void ExecuteOrLeave<TGuest>(ProcessorData* processor, NestedAccess access)
        where TGuest : struct, IGuestProcessor
    {
        GuestRegisters registers = processor->Registers;
        ulong rip = TGuest.Rip(processor);
        RFlags flags = TGuest.Flags(processor);
        processor->LeftToGuest = 0;
        EmulationOutcome outcome = InstructionEmulator.Execute<TGuest, TrapBus>(processor, access.Address, access.IsWrite);
        if (processor->LeftToGuest == 0)
        {
            Finish<TGuest>(processor, access, outcome);
            return;
        }

        processor->Registers = registers;
        TGuest.StoreStackPointer(processor);
        TGuest.SetRip(processor, rip);
        TGuest.SetFlags(processor, flags);
        Open<TGuest>(processor, access, writable: true);
    }

    private static void Finish<TGuest>(ProcessorData* processor, NestedAccess access, EmulationOutcome outcome)
        where TGuest : struct, IGuestProcessor
    {
        if (outcome != EmulationOutcome.NotEmulated)
        {
            return;
        }

        MemoryClaim* claim = processor->Machine->Traps->Memory.Find(access.Address);
        if (claim != null && claim->Form.IsStrict)
        {
            Log.Begin(LogLevel.Warning, processor->Index).Text("an instruction that is not known, at "u8).Hex(TGuest.Rip(processor))
                .Text(", accesses claimed memory at "u8).Hex(access.Address).Text(": #UD"u8).End();
            GuestFault.RaiseUndefined<TGuest>(processor);
        }
        else
        {
            Open<TGuest>(processor, access, writable: true);
        }
    }

    private static void Open<TGuest>(ProcessorData* processor, NestedAccess access, bool writable)
        where TGuest : struct, IGuestProcessor
    {
        if (!GuestDoors.OpenClaimedPage<TGuest>(processor, access.Address & ~PageMask, writable))
        {
            Refuse<TGuest>(processor, access, "an instruction that is not known accesses more than one page of claimed memory"u8);
        }
    }

    private static void Refuse<TGuest>(ProcessorData* processor, NestedAccess access, System.ReadOnlySpan<byte> why)
        where TGuest : struct, IGuestProcessor
    {
        Log.Begin(LogLevel.Warning, processor->Index).Text(why).Text(", at "u8).Hex(access.Address).Text(", RIP "u8).Hex(TGuest.Rip(processor))
            .Text(": #GP"u8).End();
        GuestFault.RaiseGeneralProtection<TGuest>(processor);
    }
}
