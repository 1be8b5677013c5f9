using System;

namespace Hypervisor.Core.Vmx;

/// <summary>Secondary processor-based VM-execution controls.</summary>
/// <remarks>Intel SDM vol 3 §24.6.2, table 24-7.</remarks>
[Flags]
public enum SecondaryControls : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Accesses to the APIC-access page are virtual.</summary>
    VirtualizeApicAccesses = 1u << 0,

    /// <summary>Extended page tables.</summary>
    EnableEpt = 1u << 1,

    /// <summary>LGDT and its kin exit.</summary>
    DescriptorTableExiting = 1u << 2,

    /// <summary>RDTSCP and RDPID work.</summary>
    EnableRdtscp = 1u << 3,

    /// <summary>x2APIC MSRs are virtual.</summary>
    VirtualizeX2Apic = 1u << 4,

    /// <summary>Translations are tagged.</summary>
    EnableVpid = 1u << 5,

    /// <summary>WBINVD exits.</summary>
    WbinvdExiting = 1u << 6,

    /// <summary>Real mode and paging off in the guest.</summary>
    UnrestrictedGuest = 1u << 7,

    /// <summary>APIC registers are virtual.</summary>
    ApicRegisterVirtualization = 1u << 8,

    /// <summary>Interrupts are evaluated virtually.</summary>
    VirtualInterruptDelivery = 1u << 9,

    /// <summary>PAUSE in a loop exits.</summary>
    PauseLoopExiting = 1u << 10,

    /// <summary>RDRAND exits.</summary>
    RdrandExiting = 1u << 11,

    /// <summary>INVPCID works.</summary>
    EnableInvpcid = 1u << 12,

    /// <summary>VMFUNC works.</summary>
    EnableVmFunctions = 1u << 13,

    /// <summary>VMREAD and VMWRITE work in the guest.</summary>
    VmcsShadowing = 1u << 14,

    /// <summary>ENCLS exits as its bitmap says.</summary>
    EnclsExiting = 1u << 15,

    /// <summary>RDSEED exits.</summary>
    RdseedExiting = 1u << 16,

    /// <summary>Page modifications are logged.</summary>
    EnablePml = 1u << 17,

    /// <summary>EPT violations may be #VE.</summary>
    EptViolationExceptions = 1u << 18,

    /// <summary>Processor Trace does not see VMX.</summary>
    ConcealFromTrace = 1u << 19,

    /// <summary>XSAVES and XRSTORS work.</summary>
    EnableXsaves = 1u << 20,

    /// <summary>EPT execute rights by privilege.</summary>
    ModeBasedExecute = 1u << 22,

    /// <summary>EPT write rights for parts of pages.</summary>
    SubPageWrite = 1u << 23,

    /// <summary>Processor Trace writes through EPT.</summary>
    TraceUsesGuestAddresses = 1u << 24,

    /// <summary>RDTSC is scaled.</summary>
    UseTscScaling = 1u << 25,

    /// <summary>TPAUSE, UMONITOR and UMWAIT work.</summary>
    EnableUserWait = 1u << 26,

    /// <summary>PCONFIG works.</summary>
    EnablePconfig = 1u << 27,

    /// <summary>ENCLV exits as its bitmap says.</summary>
    EnclvExiting = 1u << 28,

    /// <summary>Bus locks exit.</summary>
    BusLockDetection = 1u << 30,

    /// <summary>Instructions that take long exit.</summary>
    NotifyWindow = 1u << 31,
}
