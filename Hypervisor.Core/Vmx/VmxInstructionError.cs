namespace Hypervisor.Core.Vmx;

/// <summary>VM-instruction error numbers: why a VMX instruction ended in VMfailValid.</summary>
/// <remarks>Intel SDM vol 3 §30.4, table 30-1. In words: <see cref="VmxInstructionErrorText"/>.</remarks>
public enum VmxInstructionError : uint
{
    /// <summary>No error is recorded, or no VMCS is current to record it in (VMfailInvalid).</summary>
    None = 0,

    /// <summary>VMCALL in VMX root operation.</summary>
    VmcallInRoot = 1,

    /// <summary>VMCLEAR of an address that cannot be a VMCS.</summary>
    VmclearAddress = 2,

    /// <summary>VMCLEAR of the VMXON region.</summary>
    VmclearVmxonRegion = 3,

    /// <summary>VMLAUNCH of a VMCS that is not clear.</summary>
    VmlaunchNotClear = 4,

    /// <summary>VMRESUME of a VMCS that is not launched.</summary>
    VmresumeNotLaunched = 5,

    /// <summary>VMRESUME after VMXOFF.</summary>
    VmresumeAfterVmxoff = 6,

    /// <summary>VM entry with invalid control fields.</summary>
    EntryControls = 7,

    /// <summary>VM entry with invalid host-state fields.</summary>
    EntryHostState = 8,

    /// <summary>VMPTRLD of an address that cannot be a VMCS.</summary>
    VmptrldAddress = 9,

    /// <summary>VMPTRLD of the VMXON region.</summary>
    VmptrldVmxonRegion = 10,

    /// <summary>VMPTRLD of a VMCS with another revision identifier.</summary>
    VmptrldRevision = 11,

    /// <summary>VMREAD or VMWRITE of a field that does not exist.</summary>
    UnsupportedField = 12,

    /// <summary>VMWRITE of a read-only field.</summary>
    ReadOnlyField = 13,

    /// <summary>VMXON in VMX root operation.</summary>
    VmxonInRoot = 15,

    /// <summary>VM entry with an invalid executive-VMCS pointer.</summary>
    EntryExecutivePointer = 16,

    /// <summary>VM entry with an executive VMCS that is not launched.</summary>
    EntryExecutiveNotLaunched = 17,

    /// <summary>VM entry that leaves the dual-monitor treatment, with an executive-VMCS pointer that is not the VMXON region.</summary>
    EntryExecutiveNotVmxonRegion = 18,

    /// <summary>VMCALL to the SMM monitor with a VMCS that is not clear.</summary>
    VmcallNotClear = 19,

    /// <summary>VMCALL to the SMM monitor with invalid VM-exit controls.</summary>
    VmcallExitControls = 20,

    /// <summary>VMCALL to an SMM monitor with another MSEG revision identifier.</summary>
    VmcallMsegRevision = 22,

    /// <summary>VMXOFF under the dual-monitor treatment.</summary>
    VmxoffDualMonitor = 23,

    /// <summary>VMCALL to an SMM monitor with invalid features.</summary>
    VmcallMonitorFeatures = 24,

    /// <summary>VM entry that returns from SMM, with invalid execution controls in the executive VMCS.</summary>
    EntryExecutiveControls = 25,

    /// <summary>VM entry while MOV SS blocks events.</summary>
    EntryBlockedByMovSs = 26,

    /// <summary>INVEPT or INVVPID with an invalid operand.</summary>
    InvalidationOperand = 28,
}
