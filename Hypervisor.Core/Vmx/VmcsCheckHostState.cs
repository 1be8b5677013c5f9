using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Vmx;

/// <summary>The host's state, which an exit loads (Intel SDM vol 3 §26.2.2 to §26.2.4).</summary>
public static class VmcsCheckHostState
{
    /// <summary>The first rule broken.</summary>
    public static VmcsViolation Violation()
    {
        ExitControls exit = (ExitControls)Vmcs.ReadOrZero(VmcsField32.ExitControls);
        VmcsViolation found = ControlRegisters();
        found = found.Exists ? found : Msrs(exit);
        found = found.Exists ? found : Cet(exit);
        found = found.Exists ? found : Selectors();
        found = found.Exists ? found : Bases();
        return found.Exists ? found : AddressSpace(exit);
    }

    private static VmcsViolation ControlRegisters()
    {
        Cr0 cr0 = new(Read(VmcsFieldNatural.HostCr0));
        Cr4 cr4 = new(Read(VmcsFieldNatural.HostCr4));
        if (VmxFacts.FixedViolations(cr0.Value, Msr.VmxCr0Fixed0, Msr.VmxCr0Fixed1) != 0)
        {
            return new("host CR0"u8, "a bit differs from what VMX operation fixes"u8);
        }

        if (VmxFacts.FixedViolations(cr4.Value, Msr.VmxCr4Fixed0, Msr.VmxCr4Fixed1) != 0)
        {
            return new("host CR4"u8, "a bit differs from what VMX operation fixes"u8);
        }

        if (cr4.ControlFlowEnforcement && !cr0.WriteProtect)
        {
            return new("host CR4"u8, "CET without CR0.WP"u8);
        }

        return VmxFacts.IsPhysical(Read(VmcsFieldNatural.HostCr3)) ? default : new("host CR3"u8, "is too wide"u8);
    }

    private static VmcsViolation Msrs(ExitControls exit)
    {
        if (!VmxFacts.IsCanonical(Read(VmcsFieldNatural.HostSysEnterEsp)) || !VmxFacts.IsCanonical(Read(VmcsFieldNatural.HostSysEnterEip)))
        {
            return new("host SYSENTER_ESP or SYSENTER_EIP"u8, "is not canonical"u8);
        }

        if ((exit & ExitControls.LoadPat) != 0 && !new PatMsr(Vmcs.ReadOrZero(VmcsField64.HostPat)).IsValid)
        {
            return new("host PAT"u8, "has a memory type that does not exist"u8);
        }

        if ((exit & ExitControls.LoadEfer) != 0)
        {
            Efer efer = new(Vmcs.ReadOrZero(VmcsField64.HostEfer));
            bool wide = (exit & ExitControls.Host64Bit) != 0;
            if (!VmcsCheckMsrs.IsEferKnown(efer))
            {
                return new("host EFER"u8, "reserved bits are set"u8);
            }

            if (efer.LongModeActive != wide || efer.LongModeEnable != wide)
            {
                return new("host EFER"u8, "LMA or LME is not what the exit control 'host is 64-bit' says"u8);
            }
        }

        return (exit & ExitControls.LoadProtectionKeys) != 0 && !VmcsCheckMsrs.IsProtectionKeysValid(Vmcs.ReadOrZero(VmcsField64.HostProtectionKeys))
            ? new("host PKRS"u8, "reserved bits are set"u8)
            : default;
    }

    private static VmcsViolation Cet(ExitControls exit)
    {
        if ((exit & ExitControls.LoadCet) == 0)
        {
            return default;
        }

        if (!VmcsCheckMsrs.IsCetValid(Read(VmcsFieldNatural.HostSupervisorCet)))
        {
            return new("host S_CET"u8, "is not canonical or has reserved bits set"u8);
        }

        if (!VmcsCheckMsrs.IsShadowStackPointerValid(Read(VmcsFieldNatural.HostShadowStackPointer)))
        {
            return new("host SSP"u8, "is not canonical or not aligned"u8);
        }

        return VmxFacts.IsCanonical(Read(VmcsFieldNatural.HostInterruptShadowStackTable))
            ? default
            : new("host interrupt SSP table"u8, "is not canonical"u8);
    }

    private static VmcsViolation Selectors()
    {
        if (!IsPlain(VmcsField16.HostCsSelector) || Vmcs.ReadOrZero(VmcsField16.HostCsSelector) == 0)
        {
            return new("host CS"u8, "is null, or RPL or TI is not 0"u8);
        }

        if (!IsPlain(VmcsField16.HostTrSelector) || Vmcs.ReadOrZero(VmcsField16.HostTrSelector) == 0)
        {
            return new("host TR"u8, "is null, or RPL or TI is not 0"u8);
        }

        if (!IsPlain(VmcsField16.HostSsSelector))
        {
            return new("host SS"u8, "RPL or TI is not 0"u8);
        }

        if (!IsPlain(VmcsField16.HostDsSelector) || !IsPlain(VmcsField16.HostEsSelector))
        {
            return new("host DS or ES"u8, "RPL or TI is not 0"u8);
        }

        return IsPlain(VmcsField16.HostFsSelector) && IsPlain(VmcsField16.HostGsSelector) ? default : new("host FS or GS"u8, "RPL or TI is not 0"u8);
    }

    private static VmcsViolation Bases()
    {
        if (!VmxFacts.IsCanonical(Read(VmcsFieldNatural.HostFsBase)) || !VmxFacts.IsCanonical(Read(VmcsFieldNatural.HostGsBase)))
        {
            return new("host FS or GS"u8, "the base is not canonical"u8);
        }

        if (!VmxFacts.IsCanonical(Read(VmcsFieldNatural.HostGdtrBase)) || !VmxFacts.IsCanonical(Read(VmcsFieldNatural.HostIdtrBase)))
        {
            return new("host GDTR or IDTR"u8, "the base is not canonical"u8);
        }

        return VmxFacts.IsCanonical(Read(VmcsFieldNatural.HostTrBase)) ? default : new("host TR"u8, "the base is not canonical"u8);
    }

    /// <summary>This host is 64-bit code when it enters, and nothing else can be right for it.</summary>
    private static VmcsViolation AddressSpace(ExitControls exit)
    {
        if ((exit & ExitControls.Host64Bit) == 0)
        {
            return new("VM-exit controls"u8, "'host is 64-bit' is off"u8);
        }

        if (!new Cr4(Read(VmcsFieldNatural.HostCr4)).PhysicalAddressExtension)
        {
            return new("host CR4"u8, "PAE is 0"u8);
        }

        return VmxFacts.IsCanonical(Read(VmcsFieldNatural.HostRip)) ? default : new("host RIP"u8, "is not canonical"u8);
    }

    /// <summary>A selector into the GDT with privilege 0.</summary>
    private static bool IsPlain(VmcsField16 field)
    {
        SegmentSelector selector = new(Vmcs.ReadOrZero(field));
        return selector.RequestedPrivilege == 0 && !selector.IsLocal;
    }

    private static ulong Read(VmcsFieldNatural field) => Vmcs.ReadOrZero(field);
}
