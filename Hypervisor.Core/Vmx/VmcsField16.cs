namespace Hypervisor.Core.Vmx;

/// <summary>VMCS fields of 16 bits.</summary>
/// <remarks>Intel SDM vol 3 appendix B.1, table B-1 to B-3.</remarks>
public enum VmcsField16 : uint
{
    /// <summary>Virtual-processor identifier: tags the guest's translations.</summary>
    Vpid = 0x0000,

    /// <summary>Vector that announces posted interrupts.</summary>
    PostedInterruptVector = 0x0002,

    /// <summary>Selector of the guest's ES.</summary>
    GuestEsSelector = 0x0800,

    /// <summary>Selector of the guest's CS.</summary>
    GuestCsSelector = 0x0802,

    /// <summary>Selector of the guest's SS.</summary>
    GuestSsSelector = 0x0804,

    /// <summary>Selector of the guest's DS.</summary>
    GuestDsSelector = 0x0806,

    /// <summary>Selector of the guest's FS.</summary>
    GuestFsSelector = 0x0808,

    /// <summary>Selector of the guest's GS.</summary>
    GuestGsSelector = 0x080A,

    /// <summary>Selector of the guest's LDTR.</summary>
    GuestLdtrSelector = 0x080C,

    /// <summary>Selector of the guest's TR.</summary>
    GuestTrSelector = 0x080E,

    /// <summary>Requesting and servicing virtual interrupt.</summary>
    GuestInterruptStatus = 0x0810,

    /// <summary>Next entry of the page-modification log.</summary>
    GuestPmlIndex = 0x0812,

    /// <summary>Selector of the host's ES.</summary>
    HostEsSelector = 0x0C00,

    /// <summary>Selector of the host's CS.</summary>
    HostCsSelector = 0x0C02,

    /// <summary>Selector of the host's SS.</summary>
    HostSsSelector = 0x0C04,

    /// <summary>Selector of the host's DS.</summary>
    HostDsSelector = 0x0C06,

    /// <summary>Selector of the host's FS.</summary>
    HostFsSelector = 0x0C08,

    /// <summary>Selector of the host's GS.</summary>
    HostGsSelector = 0x0C0A,

    /// <summary>Selector of the host's TR.</summary>
    HostTrSelector = 0x0C0C,
}
