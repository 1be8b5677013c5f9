namespace Hypervisor.Core.Vmx;

/// <summary>VMCS fields of 32 bits.</summary>
/// <remarks>Intel SDM vol 3 appendix B.3, tables B-8 to B-11.</remarks>
public enum VmcsField32 : uint
{
    /// <summary>Pin-based VM-execution controls: <see cref="Vmx.PinControls"/>.</summary>
    PinControls = 0x4000,

    /// <summary>Primary processor-based VM-execution controls: <see cref="Vmx.PrimaryControls"/>.</summary>
    PrimaryControls = 0x4002,

    /// <summary>One bit for each exception that exits.</summary>
    ExceptionBitmap = 0x4004,

    /// <summary>Page-fault error code mask.</summary>
    PageFaultErrorMask = 0x4006,

    /// <summary>Page-fault error code match.</summary>
    PageFaultErrorMatch = 0x4008,

    /// <summary>Number of CR3 target values.</summary>
    Cr3TargetCount = 0x400A,

    /// <summary>VM-exit controls: <see cref="Vmx.ExitControls"/>.</summary>
    ExitControls = 0x400C,

    /// <summary>MSRs stored at an exit.</summary>
    ExitMsrStoreCount = 0x400E,

    /// <summary>MSRs loaded at an exit.</summary>
    ExitMsrLoadCount = 0x4010,

    /// <summary>VM-entry controls: <see cref="Vmx.EntryControls"/>.</summary>
    EntryControls = 0x4012,

    /// <summary>MSRs loaded at an entry.</summary>
    EntryMsrLoadCount = 0x4014,

    /// <summary>The event to inject.</summary>
    EntryInterruptionInformation = 0x4016,

    /// <summary>Error code of the event to inject.</summary>
    EntryExceptionErrorCode = 0x4018,

    /// <summary>Length of the instruction that raised the event to inject, in bytes.</summary>
    EntryInstructionLength = 0x401A,

    /// <summary>Task-priority threshold.</summary>
    TprThreshold = 0x401C,

    /// <summary>Secondary processor-based VM-execution controls: <see cref="Vmx.SecondaryControls"/>.</summary>
    SecondaryControls = 0x401E,

    /// <summary>PAUSE-loop exiting: gap, in time-stamp ticks.</summary>
    PauseLoopGap = 0x4020,

    /// <summary>PAUSE-loop exiting: window, in time-stamp ticks.</summary>
    PauseLoopWindow = 0x4022,

    /// <summary>VM-instruction error: see <c>VmxInstructionError</c>.</summary>
    InstructionError = 0x4400,

    /// <summary>Why the guest left: <see cref="VmxExitReason"/> and flags.</summary>
    ExitReason = 0x4402,

    /// <summary>The event that caused the exit.</summary>
    ExitInterruptionInformation = 0x4404,

    /// <summary>Its error code.</summary>
    ExitInterruptionErrorCode = 0x4406,

    /// <summary>The event that was being delivered when the guest left.</summary>
    IdtVectoringInformation = 0x4408,

    /// <summary>Its error code.</summary>
    IdtVectoringErrorCode = 0x440A,

    /// <summary>Length of the instruction that caused the exit, in bytes.</summary>
    ExitInstructionLength = 0x440C,

    /// <summary>Operands of the instruction that caused the exit.</summary>
    ExitInstructionInformation = 0x440E,

    /// <summary>Limit of the guest's ES, in bytes less one.</summary>
    GuestEsLimit = 0x4800,

    /// <summary>Limit of the guest's CS, in bytes less one.</summary>
    GuestCsLimit = 0x4802,

    /// <summary>Limit of the guest's SS, in bytes less one.</summary>
    GuestSsLimit = 0x4804,

    /// <summary>Limit of the guest's DS, in bytes less one.</summary>
    GuestDsLimit = 0x4806,

    /// <summary>Limit of the guest's FS, in bytes less one.</summary>
    GuestFsLimit = 0x4808,

    /// <summary>Limit of the guest's GS, in bytes less one.</summary>
    GuestGsLimit = 0x480A,

    /// <summary>Limit of the guest's LDTR, in bytes less one.</summary>
    GuestLdtrLimit = 0x480C,

    /// <summary>Limit of the guest's TR, in bytes less one.</summary>
    GuestTrLimit = 0x480E,

    /// <summary>Limit of the guest's GDTR, in bytes less one.</summary>
    GuestGdtrLimit = 0x4810,

    /// <summary>Limit of the guest's IDTR, in bytes less one.</summary>
    GuestIdtrLimit = 0x4812,

    /// <summary>Access rights of the guest's ES.</summary>
    GuestEsAccessRights = 0x4814,

    /// <summary>Access rights of the guest's CS.</summary>
    GuestCsAccessRights = 0x4816,

    /// <summary>Access rights of the guest's SS.</summary>
    GuestSsAccessRights = 0x4818,

    /// <summary>Access rights of the guest's DS.</summary>
    GuestDsAccessRights = 0x481A,

    /// <summary>Access rights of the guest's FS.</summary>
    GuestFsAccessRights = 0x481C,

    /// <summary>Access rights of the guest's GS.</summary>
    GuestGsAccessRights = 0x481E,

    /// <summary>Access rights of the guest's LDTR.</summary>
    GuestLdtrAccessRights = 0x4820,

    /// <summary>Access rights of the guest's TR.</summary>
    GuestTrAccessRights = 0x4822,

    /// <summary>What blocks events: <see cref="VmxInterruptibility"/>.</summary>
    GuestInterruptibility = 0x4824,

    /// <summary>Whether the guest executes: <see cref="VmxActivityState"/>.</summary>
    GuestActivityState = 0x4826,

    /// <summary>SMBASE.</summary>
    GuestSmBase = 0x4828,

    /// <summary>IA32_SYSENTER_CS of the guest.</summary>
    GuestSysEnterCs = 0x482A,

    /// <summary>VMX-preemption timer value.</summary>
    PreemptionTimer = 0x482E,

    /// <summary>IA32_SYSENTER_CS of the host.</summary>
    HostSysEnterCs = 0x4C00,
}
