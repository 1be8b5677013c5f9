namespace Hypervisor.Core.Cpu;

/// <summary>Control register 4: architectural extensions.</summary>
/// <remarks>Intel SDM vol 3 §2.5; AMD APM vol 2 §3.1.3.</remarks>
/// <param name="value">The register as the processor holds it.</param>
public readonly struct Cr4(ulong value)
{
    private const ulong Virtual8086ExtensionsBit = 1UL << 0;
    private const ulong ProtectedModeVirtualInterruptsBit = 1UL << 1;
    private const ulong TimeStampDisableBit = 1UL << 2;
    private const ulong DebuggingExtensionsBit = 1UL << 3;
    private const ulong PageSizeExtensionsBit = 1UL << 4;
    private const ulong PhysicalAddressExtensionBit = 1UL << 5;
    private const ulong MachineCheckEnableBit = 1UL << 6;
    private const ulong PageGlobalEnableBit = 1UL << 7;
    private const ulong PerformanceCounterEnableBit = 1UL << 8;
    private const ulong OsFxSaveBit = 1UL << 9;
    private const ulong OsXmmExceptionsBit = 1UL << 10;
    private const ulong UserModeInstructionPreventionBit = 1UL << 11;
    private const ulong LinearAddress57Bit = 1UL << 12;
    private const ulong VmxEnableBit = 1UL << 13;
    private const ulong SmxEnableBit = 1UL << 14;
    private const ulong FsGsBaseBit = 1UL << 16;
    private const ulong ProcessContextIdentifiersBit = 1UL << 17;
    private const ulong OsXSaveBit = 1UL << 18;
    private const ulong KeyLockerBit = 1UL << 19;
    private const ulong SupervisorExecutionPreventionBit = 1UL << 20;
    private const ulong SupervisorAccessPreventionBit = 1UL << 21;
    private const ulong ProtectionKeysBit = 1UL << 22;
    private const ulong ControlFlowEnforcementBit = 1UL << 23;
    private const ulong SupervisorProtectionKeysBit = 1UL << 24;
    private const ulong SupervisorAddressMaskingBit = 1UL << 28;
    private const ulong FlexibleReturnBit = 1UL << 32;

    /// <summary>The register as the processor holds it, all 64 bits.</summary>
    public ulong Value => value;

    /// <summary>Bit 0, VME: virtual-8086 mode extensions.</summary>
    public bool Virtual8086Extensions => (value & Virtual8086ExtensionsBit) != 0;

    /// <summary>Bit 1, PVI: virtual interrupt flag in protected mode.</summary>
    public bool ProtectedModeVirtualInterrupts => (value & ProtectedModeVirtualInterruptsBit) != 0;

    /// <summary>Bit 2, TSD: RDTSC and RDTSCP need CPL 0.</summary>
    public bool TimeStampDisable => (value & TimeStampDisableBit) != 0;

    /// <summary>Bit 3, DE: I/O breakpoints; DR4 and DR5 fault.</summary>
    public bool DebuggingExtensions => (value & DebuggingExtensionsBit) != 0;

    /// <summary>Bit 4, PSE: 4 MiB pages in 32-bit paging. Ignored in all other paging modes.</summary>
    public bool PageSizeExtensions => (value & PageSizeExtensionsBit) != 0;

    /// <summary>Bit 5, PAE: 64-bit paging-structure entries. Needed for long mode.</summary>
    public bool PhysicalAddressExtension => (value & PhysicalAddressExtensionBit) != 0;

    /// <summary>Bit 6, MCE: machine checks raise #MC instead of shutdown.</summary>
    public bool MachineCheckEnable => (value & MachineCheckEnableBit) != 0;

    /// <summary>Bit 7, PGE: global pages survive a CR3 write.</summary>
    public bool PageGlobalEnable => (value & PageGlobalEnableBit) != 0;

    /// <summary>Bit 8, PCE: RDPMC at any CPL.</summary>
    public bool PerformanceCounterEnable => (value & PerformanceCounterEnableBit) != 0;

    /// <summary>Bit 9, OSFXSR: FXSAVE keeps XMM registers, SSE is on.</summary>
    public bool OsFxSave => (value & OsFxSaveBit) != 0;

    /// <summary>Bit 10, OSXMMEXCPT: SSE errors raise #XM.</summary>
    public bool OsXmmExceptions => (value & OsXmmExceptionsBit) != 0;

    /// <summary>Bit 11, UMIP: SGDT, SIDT, SLDT, SMSW and STR need CPL 0.</summary>
    public bool UserModeInstructionPrevention => (value & UserModeInstructionPreventionBit) != 0;

    /// <summary>Bit 12, LA57: 5-level paging in long mode.</summary>
    public bool LinearAddress57 => (value & LinearAddress57Bit) != 0;

    /// <summary>Bit 13, VMXE: VMX instructions are on (Intel).</summary>
    public bool VmxEnable => (value & VmxEnableBit) != 0;

    /// <summary>Bit 14, SMXE: GETSEC is on (Intel).</summary>
    public bool SmxEnable => (value & SmxEnableBit) != 0;

    /// <summary>Bit 16, FSGSBASE: RDFSBASE and its kin at any CPL.</summary>
    public bool FsGsBase => (value & FsGsBaseBit) != 0;

    /// <summary>Bit 17, PCIDE: CR3 bits 11:0 are a PCID.</summary>
    public bool ProcessContextIdentifiers => (value & ProcessContextIdentifiersBit) != 0;

    /// <summary>Bit 18, OSXSAVE: XSETBV, XGETBV and XSAVE are on; CPUID.1:ECX[27] mirrors it.</summary>
    public bool OsXSave => (value & OsXSaveBit) != 0;

    /// <summary>Bit 19, KL: AES key locker (Intel).</summary>
    public bool KeyLocker => (value & KeyLockerBit) != 0;

    /// <summary>Bit 20, SMEP: no supervisor fetch from user pages.</summary>
    public bool SupervisorExecutionPrevention => (value & SupervisorExecutionPreventionBit) != 0;

    /// <summary>Bit 21, SMAP: no supervisor data access to user pages unless RFLAGS.AC.</summary>
    public bool SupervisorAccessPrevention => (value & SupervisorAccessPreventionBit) != 0;

    /// <summary>Bit 22, PKE: protection keys for user pages; CPUID.7:ECX[4] (OSPKE) mirrors it.</summary>
    public bool ProtectionKeys => (value & ProtectionKeysBit) != 0;

    /// <summary>Bit 23, CET: shadow stacks and indirect-branch tracking.</summary>
    public bool ControlFlowEnforcement => (value & ControlFlowEnforcementBit) != 0;

    /// <summary>Bit 24, PKS: protection keys for supervisor pages (Intel).</summary>
    public bool SupervisorProtectionKeys => (value & SupervisorProtectionKeysBit) != 0;

    /// <summary>Bit 28, LAM_SUP: supervisor addresses may carry data in their upper bits (Intel).</summary>
    public bool SupervisorAddressMasking => (value & SupervisorAddressMaskingBit) != 0;

    /// <summary>The same register with <see cref="VmxEnable"/> (bit 13) set or cleared.</summary>
    /// <param name="set">True for 1, false for 0.</param>
    /// <returns>The changed copy.</returns>
    public Cr4 WithVmxEnable(bool set) => new(set ? value | VmxEnableBit : value & ~VmxEnableBit);

    /// <summary>The same register with <see cref="SmxEnable"/> (bit 14) set or cleared.</summary>
    /// <param name="set">True for 1, false for 0.</param>
    /// <returns>The changed copy.</returns>
    public Cr4 WithSmxEnable(bool set) => new(set ? value | SmxEnableBit : value & ~SmxEnableBit);

    /// <summary>Bit 32, FRED: flexible return and event delivery (Intel).</summary>
    public bool FlexibleReturn => (value & FlexibleReturnBit) != 0;

    /// <summary>The same register with <see cref="FlexibleReturn"/> (bit 32) set or cleared.</summary>
    /// <param name="set">True for 1, false for 0.</param>
    /// <returns>The changed copy.</returns>
    public Cr4 WithFlexibleReturn(bool set) => new(set ? value | FlexibleReturnBit : value & ~FlexibleReturnBit);

    /// <summary>The same register with <see cref="OsXSave"/> (bit 18) set or cleared.</summary>
    /// <param name="set">True for 1, false for 0.</param>
    /// <returns>The changed copy.</returns>
    public Cr4 WithOsXSave(bool set) => new(set ? value | OsXSaveBit : value & ~OsXSaveBit);

    /// <summary>The same register with <see cref="MachineCheckEnable"/> (bit 6) set or cleared.</summary>
    /// <param name="set">True for 1, false for 0.</param>
    /// <returns>The changed copy.</returns>
    public Cr4 WithMachineCheckEnable(bool set) => new(set ? value | MachineCheckEnableBit : value & ~MachineCheckEnableBit);

    /// <summary>The same register with <see cref="PhysicalAddressExtension"/> (bit 5) set or cleared.</summary>
    /// <param name="set">True for 1, false for 0.</param>
    /// <returns>The changed copy.</returns>
    public Cr4 WithPhysicalAddressExtension(bool set) =>
        new(set ? value | PhysicalAddressExtensionBit : value & ~PhysicalAddressExtensionBit);
}
