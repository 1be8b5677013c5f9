using System;

namespace Hypervisor.Core.Vmx;

/// <summary>VM-instruction errors in words (Intel SDM vol 3 §30.4).</summary>
public static class VmxInstructionErrorText
{
    /// <summary>What an error means.</summary>
    public static ReadOnlySpan<byte> Of(VmxInstructionError error) => error switch
    {
        VmxInstructionError.None => "no VMCS is current"u8,
        VmxInstructionError.VmcallInRoot => "VMCALL in VMX root operation"u8,
        VmxInstructionError.VmclearAddress => "VMCLEAR: the address is not aligned or too wide"u8,
        VmxInstructionError.VmclearVmxonRegion => "VMCLEAR of the VMXON region"u8,
        VmxInstructionError.VmlaunchNotClear => "VMLAUNCH: the VMCS is not clear"u8,
        VmxInstructionError.VmresumeNotLaunched => "VMRESUME: the VMCS was not launched"u8,
        VmxInstructionError.VmresumeAfterVmxoff => "VMRESUME: VMX was off since the launch"u8,
        VmxInstructionError.EntryControls => "VM entry: a control field is invalid"u8,
        VmxInstructionError.EntryHostState => "VM entry: a host-state field is invalid"u8,
        VmxInstructionError.VmptrldAddress => "VMPTRLD: the address is not aligned or too wide"u8,
        VmxInstructionError.VmptrldVmxonRegion => "VMPTRLD of the VMXON region"u8,
        VmxInstructionError.VmptrldRevision => "VMPTRLD: the revision identifier is not this processor's"u8,
        VmxInstructionError.UnsupportedField => "VMREAD or VMWRITE of a field this processor does not have"u8,
        VmxInstructionError.ReadOnlyField => "VMWRITE of a read-only field"u8,
        VmxInstructionError.VmxonInRoot => "VMXON in VMX root operation"u8,
        VmxInstructionError.EntryExecutivePointer => "VM entry: the executive-VMCS pointer is invalid"u8,
        VmxInstructionError.EntryExecutiveNotLaunched => "VM entry: the executive VMCS was not launched"u8,
        VmxInstructionError.EntryExecutiveNotVmxonRegion => "VM entry: the executive-VMCS pointer is not the VMXON region"u8,
        VmxInstructionError.VmcallNotClear => "VMCALL: the VMCS is not clear"u8,
        VmxInstructionError.VmcallExitControls => "VMCALL: the VM-exit controls are invalid"u8,
        VmxInstructionError.VmcallMsegRevision => "VMCALL: the MSEG revision identifier is not this processor's"u8,
        VmxInstructionError.VmxoffDualMonitor => "VMXOFF under dual-monitor treatment"u8,
        VmxInstructionError.VmcallMonitorFeatures => "VMCALL: the SMM monitor's features are invalid"u8,
        VmxInstructionError.EntryExecutiveControls => "VM entry: an execution control in the executive VMCS is invalid"u8,
        VmxInstructionError.EntryBlockedByMovSs => "VM entry while MOV SS blocks events"u8,
        VmxInstructionError.InvalidationOperand => "INVEPT or INVVPID: the operand is invalid"u8,
        _ => "an error without a name"u8,
    };
}
