namespace Hypervisor.Core.Vmx;

/// <summary>VMCS fields of the processor's natural width, 64 bits.</summary>
/// <remarks>Intel SDM vol 3 appendix B.4, tables B-12 to B-15.</remarks>
public enum VmcsFieldNatural : uint
{
    /// <summary>CR0 bits that belong to the host.</summary>
    Cr0Mask = 0x6000,

    /// <summary>CR4 bits that belong to the host.</summary>
    Cr4Mask = 0x6002,

    /// <summary>What the guest reads in the host's CR0 bits.</summary>
    Cr0Shadow = 0x6004,

    /// <summary>What the guest reads in the host's CR4 bits.</summary>
    Cr4Shadow = 0x6006,

    /// <summary>A CR3 value that the guest may load without an exit.</summary>
    Cr3Target0 = 0x6008,

    /// <summary>More about the exit.</summary>
    ExitQualification = 0x6400,

    /// <summary>RCX before a string instruction that exits in system management mode.</summary>
    IoRcx = 0x6402,

    /// <summary>Linear address of an EPT violation, and of others.</summary>
    GuestLinearAddress = 0x640A,

    /// <summary>CR0 of the guest.</summary>
    GuestCr0 = 0x6800,

    /// <summary>CR3 of the guest.</summary>
    GuestCr3 = 0x6802,

    /// <summary>CR4 of the guest.</summary>
    GuestCr4 = 0x6804,

    /// <summary>Base of the guest's ES.</summary>
    GuestEsBase = 0x6806,

    /// <summary>Base of the guest's CS.</summary>
    GuestCsBase = 0x6808,

    /// <summary>Base of the guest's SS.</summary>
    GuestSsBase = 0x680A,

    /// <summary>Base of the guest's DS.</summary>
    GuestDsBase = 0x680C,

    /// <summary>Base of the guest's FS.</summary>
    GuestFsBase = 0x680E,

    /// <summary>Base of the guest's GS.</summary>
    GuestGsBase = 0x6810,

    /// <summary>Base of the guest's LDTR.</summary>
    GuestLdtrBase = 0x6812,

    /// <summary>Base of the guest's TR.</summary>
    GuestTrBase = 0x6814,

    /// <summary>Base of the guest's GDTR.</summary>
    GuestGdtrBase = 0x6816,

    /// <summary>Base of the guest's IDTR.</summary>
    GuestIdtrBase = 0x6818,

    /// <summary>DR7 of the guest.</summary>
    GuestDr7 = 0x681A,

    /// <summary>RSP of the guest.</summary>
    GuestRsp = 0x681C,

    /// <summary>RIP of the guest.</summary>
    GuestRip = 0x681E,

    /// <summary>RFLAGS of the guest.</summary>
    GuestRFlags = 0x6820,

    /// <summary>Debug exceptions that wait for delivery: <see cref="VmxPendingDebug"/>.</summary>
    GuestPendingDebug = 0x6822,

    /// <summary>IA32_SYSENTER_ESP of the guest.</summary>
    GuestSysEnterEsp = 0x6824,

    /// <summary>IA32_SYSENTER_EIP of the guest.</summary>
    GuestSysEnterEip = 0x6826,

    /// <summary>IA32_S_CET of the guest.</summary>
    GuestSupervisorCet = 0x6828,

    /// <summary>SSP of the guest.</summary>
    GuestShadowStackPointer = 0x682A,

    /// <summary>IA32_INTERRUPT_SSP_TABLE_ADDR of the guest.</summary>
    GuestInterruptShadowStackTable = 0x682C,

    /// <summary>CR0 of the host.</summary>
    HostCr0 = 0x6C00,

    /// <summary>CR3 of the host.</summary>
    HostCr3 = 0x6C02,

    /// <summary>CR4 of the host.</summary>
    HostCr4 = 0x6C04,

    /// <summary>Base of the host's FS.</summary>
    HostFsBase = 0x6C06,

    /// <summary>Base of the host's GS.</summary>
    HostGsBase = 0x6C08,

    /// <summary>Base of the host's TR.</summary>
    HostTrBase = 0x6C0A,

    /// <summary>Base of the host's GDTR.</summary>
    HostGdtrBase = 0x6C0C,

    /// <summary>Base of the host's IDTR.</summary>
    HostIdtrBase = 0x6C0E,

    /// <summary>IA32_SYSENTER_ESP of the host.</summary>
    HostSysEnterEsp = 0x6C10,

    /// <summary>IA32_SYSENTER_EIP of the host.</summary>
    HostSysEnterEip = 0x6C12,

    /// <summary>RSP of the host.</summary>
    HostRsp = 0x6C14,

    /// <summary>RIP of the host: where every exit arrives.</summary>
    HostRip = 0x6C16,

    /// <summary>IA32_S_CET of the host.</summary>
    HostSupervisorCet = 0x6C18,

    /// <summary>SSP of the host.</summary>
    HostShadowStackPointer = 0x6C1A,

    /// <summary>IA32_INTERRUPT_SSP_TABLE_ADDR of the host.</summary>
    HostInterruptShadowStackTable = 0x6C1C,
}
