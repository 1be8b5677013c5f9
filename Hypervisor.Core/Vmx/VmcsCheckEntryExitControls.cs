using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Vmx;

/// <summary>VM-exit and VM-entry controls (Intel SDM vol 3 §26.2.1.2 and §26.2.1.3).</summary>
public static class VmcsCheckEntryExitControls
{
    private const ulong EntrySize = 16;

    /// <summary>The first rule broken.</summary>
    public static VmcsViolation Violation()
    {
        VmcsViolation found = Exit((ExitControls)Vmcs.ReadOrZero(VmcsField32.ExitControls));
        return found.Exists ? found : Entry((EntryControls)Vmcs.ReadOrZero(VmcsField32.EntryControls));
    }

    private static VmcsViolation Exit(ExitControls exit)
    {
        PinControls pin = (PinControls)Vmcs.ReadOrZero(VmcsField32.PinControls);
        SecondaryControls secondary = VmcsCheckExecutionControls.Secondary();
        if (!VmxFacts.Exit.HasRequired((uint)exit))
        {
            return new("VM-exit controls"u8, "one is off that must be on"u8);
        }

        if (!VmxFacts.Exit.IsAllowed((uint)exit))
        {
            return new("VM-exit controls"u8, "one is on that must be off"u8);
        }

        ulong more = Vmcs.ReadOrZero(VmcsField64.SecondaryExitControls);
        if ((exit & ExitControls.SecondaryControls) != 0 && (more & ~VmxFacts.ReadMsr(Msr.VmxSecondaryExitControls)) != 0)
        {
            return new("secondary VM-exit controls"u8, "one is on that must be off"u8);
        }

        if ((exit & ExitControls.SavePreemptionTimer) != 0 && (pin & PinControls.PreemptionTimer) == 0)
        {
            return new("VM-exit controls"u8, "the preemption timer is saved but not used"u8);
        }

        if (!IsList(VmcsField64.ExitMsrStore, VmcsField32.ExitMsrStoreCount))
        {
            return new("VM-exit MSR-store list"u8, "the address is not aligned or too wide"u8);
        }

        if (!IsList(VmcsField64.ExitMsrLoad, VmcsField32.ExitMsrLoadCount))
        {
            return new("VM-exit MSR-load list"u8, "the address is not aligned or too wide"u8);
        }

        return (secondary & SecondaryControls.TraceUsesGuestAddresses) != 0 && (exit & ExitControls.ClearTraceControl) == 0
            ? new("VM-exit controls"u8, "Processor Trace uses guest addresses but is not turned off"u8)
            : default;
    }

    private static VmcsViolation Entry(EntryControls entry)
    {
        SecondaryControls secondary = VmcsCheckExecutionControls.Secondary();
        if (!VmxFacts.Entry.HasRequired((uint)entry))
        {
            return new("VM-entry controls"u8, "one is off that must be on"u8);
        }

        if (!VmxFacts.Entry.IsAllowed((uint)entry))
        {
            return new("VM-entry controls"u8, "one is on that must be off"u8);
        }

        if ((entry & (EntryControls.EntryToSmm | EntryControls.DeactivateDualMonitor)) != 0)
        {
            return new("VM-entry controls"u8, "entry to SMM, or end of dual-monitor treatment, outside SMM"u8);
        }

        if (!IsList(VmcsField64.EntryMsrLoad, VmcsField32.EntryMsrLoadCount))
        {
            return new("VM-entry MSR-load list"u8, "the address is not aligned or too wide"u8);
        }

        return (secondary & SecondaryControls.TraceUsesGuestAddresses) != 0 && (entry & EntryControls.LoadTraceControl) == 0
            ? new("VM-entry controls"u8, "Processor Trace uses guest addresses but is not loaded"u8)
            : default;
    }

    /// <summary>A list of MSRs is aligned to 16 bytes and ends within physical memory, where it is used.</summary>
    private static bool IsList(VmcsField64 address, VmcsField32 count)
    {
        ulong first = Vmcs.ReadOrZero(address);
        ulong entries = Vmcs.ReadOrZero(count);
        return entries == 0 || (VmxFacts.IsAligned(first, EntrySize) && VmxFacts.IsPhysical(first) && VmxFacts.IsPhysical(first + (entries * EntrySize) - 1));
    }
}
