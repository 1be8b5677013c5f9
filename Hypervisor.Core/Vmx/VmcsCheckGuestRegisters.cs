using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Vmx;

/// <summary>Control registers, debug registers and MSRs of the guest (Intel SDM vol 3 §26.3.1.1).</summary>
public static class VmcsCheckGuestRegisters
{
    private const int DebugControlBits = 32;
    private const ulong DebugControlReserved = 0xFFFF_FFFF_FFFF_0038; // SDM vol 4 table 2-2, IA32_DEBUGCTL
    private const ulong BoundConfigurationReserved = 0xFFC;

    /// <summary>The first rule broken.</summary>
    public static VmcsViolation Violation()
    {
        EntryControls entry = (EntryControls)Vmcs.ReadOrZero(VmcsField32.EntryControls);
        VmcsViolation found = ControlRegisters((entry & EntryControls.Ia32eMode) != 0);
        found = found.Exists ? found : Debug(entry);
        found = found.Exists ? found : Msrs(entry);
        found = found.Exists ? found : LongMode(entry);
        return found.Exists ? found : Extensions(entry);
    }

    private static VmcsViolation ControlRegisters(bool longMode)
    {
        Cr0 cr0 = new(Read(VmcsFieldNatural.GuestCr0));
        Cr4 cr4 = new(Read(VmcsFieldNatural.GuestCr4));
        if (Cr0Violations(cr0) != 0)
        {
            return new("guest CR0"u8, "a bit differs from what VMX operation fixes"u8);
        }

        if (cr0.Paging && !cr0.ProtectionEnable)
        {
            return new("guest CR0"u8, "PG without PE"u8);
        }

        if (VmxFacts.FixedViolations(cr4.Value, Msr.VmxCr4Fixed0, Msr.VmxCr4Fixed1) != 0)
        {
            return new("guest CR4"u8, "a bit differs from what VMX operation fixes"u8);
        }

        if (cr4.ControlFlowEnforcement && !cr0.WriteProtect)
        {
            return new("guest CR4"u8, "CET without CR0.WP"u8);
        }

        if (longMode && !(cr0.Paging && cr4.PhysicalAddressExtension))
        {
            return new("VM-entry controls"u8, "'IA-32e mode guest' without CR0.PG or CR4.PAE"u8);
        }

        if (!longMode && cr4.ProcessContextIdentifiers)
        {
            return new("guest CR4"u8, "PCIDE without 'IA-32e mode guest'"u8);
        }

        return VmxFacts.IsPhysical(Read(VmcsFieldNatural.GuestCr3)) ? default : new("guest CR3"u8, "is too wide"u8);
    }

    /// <summary>CD and NW are never looked at; PE and PG are not with unrestricted guests.</summary>
    private static ulong Cr0Violations(Cr0 cr0)
    {
        bool unrestricted = (VmcsCheckExecutionControls.Secondary() & SecondaryControls.UnrestrictedGuest) != 0;
        Cr0 free = new Cr0(0).WithCacheDisable(true).WithNotWriteThrough(true).WithProtectionEnable(unrestricted).WithPaging(unrestricted);
        return VmxFacts.FixedViolations(cr0.Value, Msr.VmxCr0Fixed0, Msr.VmxCr0Fixed1) & ~free.Value;
    }

    private static VmcsViolation Debug(EntryControls entry)
    {
        if ((entry & EntryControls.LoadDebugControls) == 0)
        {
            return default;
        }

        if ((Vmcs.ReadOrZero(VmcsField64.GuestDebugControl) & DebugControlReserved) != 0)
        {
            return new("guest DEBUGCTL"u8, "reserved bits are set"u8);
        }

        return Read(VmcsFieldNatural.GuestDr7) >> DebugControlBits != 0 ? new("guest DR7"u8, "upper bits are set"u8) : default;
    }

    private static VmcsViolation Msrs(EntryControls entry)
    {
        if (!VmxFacts.IsCanonical(Read(VmcsFieldNatural.GuestSysEnterEsp)) || !VmxFacts.IsCanonical(Read(VmcsFieldNatural.GuestSysEnterEip)))
        {
            return new("guest SYSENTER_ESP or SYSENTER_EIP"u8, "is not canonical"u8);
        }

        return (entry & EntryControls.LoadPat) != 0 && !new PatMsr(Vmcs.ReadOrZero(VmcsField64.GuestPat)).IsValid
            ? new("guest PAT"u8, "has a memory type that does not exist"u8)
            : default;
    }

    private static VmcsViolation LongMode(EntryControls entry)
    {
        if ((entry & EntryControls.LoadEfer) == 0)
        {
            return default;
        }

        Efer efer = new(Vmcs.ReadOrZero(VmcsField64.GuestEfer));
        if (!VmcsCheckMsrs.IsEferKnown(efer))
        {
            return new("guest EFER"u8, "reserved bits are set"u8);
        }

        if (efer.LongModeActive != ((entry & EntryControls.Ia32eMode) != 0))
        {
            return new("guest EFER"u8, "LMA is not what the entry control 'IA-32e mode guest' says"u8);
        }

        return new Cr0(Read(VmcsFieldNatural.GuestCr0)).Paging && efer.LongModeActive != efer.LongModeEnable
            ? new("guest EFER"u8, "LMA and LME differ with CR0.PG"u8)
            : default;
    }

    private static VmcsViolation Extensions(EntryControls entry)
    {
        ulong bounds = Vmcs.ReadOrZero(VmcsField64.GuestBoundConfiguration);
        bool boundsValid = (bounds & BoundConfigurationReserved) == 0 && VmxFacts.IsCanonical(bounds);
        if ((entry & EntryControls.LoadBoundConfiguration) != 0 && !boundsValid)
        {
            return new("guest BNDCFGS"u8, "is not canonical or has reserved bits set"u8);
        }

        if ((entry & EntryControls.LoadProtectionKeys) != 0 && !VmcsCheckMsrs.IsProtectionKeysValid(Vmcs.ReadOrZero(VmcsField64.GuestProtectionKeys)))
        {
            return new("guest PKRS"u8, "reserved bits are set"u8);
        }

        if ((entry & EntryControls.LoadCet) == 0)
        {
            return default;
        }

        if (!VmcsCheckMsrs.IsCetValid(Read(VmcsFieldNatural.GuestSupervisorCet)))
        {
            return new("guest S_CET"u8, "is not canonical or has reserved bits set"u8);
        }

        if (!VmcsCheckMsrs.IsShadowStackPointerValid(Read(VmcsFieldNatural.GuestShadowStackPointer)))
        {
            return new("guest SSP"u8, "is not canonical or not aligned"u8);
        }

        return VmxFacts.IsCanonical(Read(VmcsFieldNatural.GuestInterruptShadowStackTable))
            ? default
            : new("guest interrupt SSP table"u8, "is not canonical"u8);
    }

    private static ulong Read(VmcsFieldNatural field) => Vmcs.ReadOrZero(field);
}
