namespace Hypervisor.Core.Vmx;

/// <summary>VMCS fields of 64 bits.</summary>
/// <remarks>Intel SDM vol 3 appendix B.2, tables B-4 to B-7.</remarks>
public enum VmcsField64 : uint
{
    /// <summary>Physical address of the bitmap for ports 0 to 7FFF.</summary>
    IoBitmapA = 0x2000,

    /// <summary>Physical address of the bitmap for ports 8000 to FFFF.</summary>
    IoBitmapB = 0x2002,

    /// <summary>Physical address of the MSR bitmaps.</summary>
    MsrBitmap = 0x2004,

    /// <summary>Physical address of the list of MSRs stored at an exit.</summary>
    ExitMsrStore = 0x2006,

    /// <summary>Physical address of the list of MSRs loaded at an exit.</summary>
    ExitMsrLoad = 0x2008,

    /// <summary>Physical address of the list of MSRs loaded at an entry.</summary>
    EntryMsrLoad = 0x200A,

    /// <summary>Physical address of the page-modification log.</summary>
    PmlAddress = 0x200E,

    /// <summary>Added to what the guest reads as time-stamp counter.</summary>
    TscOffset = 0x2010,

    /// <summary>Physical address of the virtual APIC page.</summary>
    VirtualApicPage = 0x2012,

    /// <summary>Physical address of the APIC-access page.</summary>
    ApicAccessPage = 0x2014,

    /// <summary>Physical address of the posted-interrupt descriptor.</summary>
    PostedInterruptDescriptor = 0x2016,

    /// <summary>VM functions that the guest may use.</summary>
    VmFunctionControls = 0x2018,

    /// <summary>Extended-page-table pointer: <see cref="Vmx.EptPointer"/>.</summary>
    EptPointer = 0x201A,

    /// <summary>Physical address of the list of EPT pointers that a VM function may choose from.</summary>
    EptPointerList = 0x2024,

    /// <summary>Physical address of the bitmap of fields whose VMREAD exits.</summary>
    VmreadBitmap = 0x2026,

    /// <summary>Physical address of the bitmap of fields whose VMWRITE exits.</summary>
    VmwriteBitmap = 0x2028,

    /// <summary>Physical address of the page that describes #VE.</summary>
    VirtualizationExceptionPage = 0x202A,

    /// <summary>XSS bits for which XSAVES and XRSTORS exit.</summary>
    XssExitingBitmap = 0x202C,

    /// <summary>ENCLS leaves that exit.</summary>
    EnclsExitingBitmap = 0x202E,

    /// <summary>Physical address of the root of the sub-page permission tables.</summary>
    SubPageTable = 0x2030,

    /// <summary>What the time-stamp counter is multiplied by for the guest.</summary>
    TscMultiplier = 0x2032,

    /// <summary>Tertiary processor-based VM-execution controls.</summary>
    TertiaryControls = 0x2034,

    /// <summary>ENCLV leaves that exit.</summary>
    EnclvExitingBitmap = 0x2036,

    /// <summary>PCONFIG leaves that exit.</summary>
    PconfigExitingBitmap = 0x203E,

    /// <summary>Secondary VM-exit controls.</summary>
    SecondaryExitControls = 0x2044,

    /// <summary>Guest-physical address of an EPT violation or misconfiguration.</summary>
    GuestPhysicalAddress = 0x2400,

    /// <summary>VMCS link pointer: all ones.</summary>
    LinkPointer = 0x2800,

    /// <summary>IA32_DEBUGCTL of the guest.</summary>
    GuestDebugControl = 0x2802,

    /// <summary>IA32_PAT of the guest.</summary>
    GuestPat = 0x2804,

    /// <summary>IA32_EFER of the guest.</summary>
    GuestEfer = 0x2806,

    /// <summary>IA32_PERF_GLOBAL_CTRL of the guest.</summary>
    GuestPerformanceGlobalControl = 0x2808,

    /// <summary>First page-directory-pointer entry of PAE paging.</summary>
    GuestPdpte0 = 0x280A,

    /// <summary>Second page-directory-pointer entry of PAE paging.</summary>
    GuestPdpte1 = 0x280C,

    /// <summary>Third page-directory-pointer entry of PAE paging.</summary>
    GuestPdpte2 = 0x280E,

    /// <summary>Fourth page-directory-pointer entry of PAE paging.</summary>
    GuestPdpte3 = 0x2810,

    /// <summary>IA32_BNDCFGS of the guest.</summary>
    GuestBoundConfiguration = 0x2812,

    /// <summary>IA32_RTIT_CTL of the guest.</summary>
    GuestTraceControl = 0x2814,

    /// <summary>IA32_LBR_CTL of the guest.</summary>
    GuestLastBranchControl = 0x2816,

    /// <summary>IA32_PKRS of the guest.</summary>
    GuestProtectionKeys = 0x2818,

    /// <summary>IA32_PAT of the host.</summary>
    HostPat = 0x2C00,

    /// <summary>IA32_EFER of the host.</summary>
    HostEfer = 0x2C02,

    /// <summary>IA32_PERF_GLOBAL_CTRL of the host.</summary>
    HostPerformanceGlobalControl = 0x2C04,

    /// <summary>IA32_PKRS of the host.</summary>
    HostProtectionKeys = 0x2C06,
}
