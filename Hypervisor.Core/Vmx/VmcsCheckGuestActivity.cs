using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Vmx;

/// <summary>Activity and interruptibility state, pending debug exceptions, link pointer (Intel SDM vol 3 §26.3.1.5).</summary>
public static class VmcsCheckGuestActivity
{
    private const VmxInterruptibility Shadow = VmxInterruptibility.BlockingBySti | VmxInterruptibility.BlockingByMovSs;
    private const VmxInterruptibility Known = Shadow | VmxInterruptibility.BlockingBySmi | VmxInterruptibility.BlockingByNmi | VmxInterruptibility.EnclaveInterruption;
    private const VmxPendingDebug KnownPending = VmxPendingDebug.Breakpoints | VmxPendingDebug.BusLock | VmxPendingDebug.EnabledBreakpoint
        | VmxPendingDebug.SingleStep | VmxPendingDebug.Rtm;

    /// <summary>The first rule broken.</summary>
    public static VmcsViolation Violation()
    {
        InterruptionInformation injected = new(Vmcs.ReadOrZero(VmcsField32.EntryInterruptionInformation));
        VmxActivityState activity = (VmxActivityState)Vmcs.ReadOrZero(VmcsField32.GuestActivityState);
        VmxInterruptibility blocking = (VmxInterruptibility)Vmcs.ReadOrZero(VmcsField32.GuestInterruptibility);
        VmcsViolation found = Activity(activity, blocking, injected);
        found = found.Exists ? found : Interruptibility(blocking, injected);
        found = found.Exists ? found : PendingDebug(activity, blocking);
        return found.Exists ? found : LinkPointer(Vmcs.ReadOrZero(VmcsField64.LinkPointer));
    }

    private static VmcsViolation Activity(VmxActivityState activity, VmxInterruptibility blocking, InterruptionInformation injected)
    {
        if (activity > VmxActivityState.WaitForSipi || !VmxFacts.HasActivityState(activity))
        {
            return new("guest activity state"u8, "is not supported"u8);
        }

        if (activity == VmxActivityState.Halt && VmcsSegment.Read(SegmentName.Ss).Attributes.Privilege != 0)
        {
            return new("guest activity state"u8, "is HLT, and DPL of SS is not 0"u8);
        }

        if (activity != VmxActivityState.Active && (blocking & Shadow) != 0)
        {
            return new("guest activity state"u8, "is not active while STI or MOV SS block events"u8);
        }

        return injected.IsValid && !CanWake(activity, injected) ? new("guest activity state"u8, "does not take the event to inject"u8) : default;
    }

    private static bool CanWake(VmxActivityState activity, InterruptionInformation injected)
    {
        bool machineCheck = injected.Type == InterruptionType.HardwareException && injected.Vector == ExceptionVector.MachineCheck;
        bool debug = injected.Type == InterruptionType.HardwareException && injected.Vector == ExceptionVector.Debug;
        return activity switch
        {
            VmxActivityState.Active => true,
            VmxActivityState.Halt => machineCheck || debug || injected.Type is InterruptionType.External or InterruptionType.Nmi or InterruptionType.Other,
            VmxActivityState.Shutdown => machineCheck || injected.Type == InterruptionType.Nmi,
            _ => false,
        };
    }

    private static VmcsViolation Interruptibility(VmxInterruptibility blocking, InterruptionInformation injected)
    {
        if ((blocking & ~Known) != 0)
        {
            return new("guest interruptibility"u8, "reserved bits are set"u8);
        }

        if ((blocking & Shadow) == Shadow)
        {
            return new("guest interruptibility"u8, "STI and MOV SS both block events"u8);
        }

        if (Has(blocking, VmxInterruptibility.BlockingBySti) && !new RFlags(Vmcs.ReadOrZero(VmcsFieldNatural.GuestRFlags)).InterruptEnable)
        {
            return new("guest interruptibility"u8, "STI blocks events, and RFLAGS.IF is 0"u8);
        }

        if (injected.IsValid && injected.Type == InterruptionType.External && (blocking & Shadow) != 0)
        {
            return new("guest interruptibility"u8, "an interrupt is injected while STI or MOV SS block events"u8);
        }

        // Some processors refuse an NMI in the shadow of STI too.
        if (injected.IsValid && injected.Type == InterruptionType.Nmi && (blocking & Shadow) != 0)
        {
            return new("guest interruptibility"u8, "an NMI is injected while STI or MOV SS block events"u8);
        }

        if (Has(blocking, VmxInterruptibility.BlockingBySmi))
        {
            return new("guest interruptibility"u8, "SMIs are blocked outside SMM"u8);
        }

        bool virtualNmis = ((PinControls)Vmcs.ReadOrZero(VmcsField32.PinControls) & PinControls.VirtualNmis) != 0;
        if (virtualNmis && injected.IsValid && injected.Type == InterruptionType.Nmi && Has(blocking, VmxInterruptibility.BlockingByNmi))
        {
            return new("guest interruptibility"u8, "an NMI is injected while NMIs are blocked"u8);
        }

        return Has(blocking, VmxInterruptibility.EnclaveInterruption) && Has(blocking, VmxInterruptibility.BlockingByMovSs)
            ? new("guest interruptibility"u8, "an enclave was interrupted while MOV SS blocks events"u8)
            : default;
    }

    private static VmcsViolation PendingDebug(VmxActivityState activity, VmxInterruptibility blocking)
    {
        VmxPendingDebug pending = (VmxPendingDebug)Vmcs.ReadOrZero(VmcsFieldNatural.GuestPendingDebug);
        if ((pending & ~KnownPending) != 0)
        {
            return new("guest pending debug exceptions"u8, "reserved bits are set"u8);
        }

        if ((blocking & Shadow) == 0 && activity != VmxActivityState.Halt)
        {
            return default;
        }

        bool stepping = new RFlags(Vmcs.ReadOrZero(VmcsFieldNatural.GuestRFlags)).Trap
            && !new DebugControl(Vmcs.ReadOrZero(VmcsField64.GuestDebugControl)).BranchSingleStep;
        return stepping != ((pending & VmxPendingDebug.SingleStep) != 0)
            ? new("guest pending debug exceptions"u8, "BS is not what TF and BTF say, in a shadow or in HLT"u8)
            : default;
    }

    private static VmcsViolation LinkPointer(ulong pointer)
    {
        if (pointer == ulong.MaxValue)
        {
            return default;
        }

        return VmxFacts.IsPage(pointer)
            ? new("VMCS link pointer"u8, "is in use, which this host never wants"u8)
            : new("VMCS link pointer"u8, "is neither all ones nor the address of a page"u8);
    }

    private static bool Has(VmxInterruptibility blocking, VmxInterruptibility wanted) => (blocking & wanted) != 0;
}
