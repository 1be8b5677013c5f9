namespace Hypervisor.Core.Cpu;

/// <summary>The numbers of the model-specific registers that matter to a VMM.</summary>
/// <remarks>Intel SDM vol 4 chapter 2; AMD APM vol 2 appendix A.</remarks>
public static class Msr
{
    // Architectural, both vendors.
    /// <summary>IA32_TIME_STAMP_COUNTER: the time-stamp counter.</summary>
    public const uint TimeStampCounter = 0x10;

    /// <summary>IA32_APIC_BASE: address and mode of the local APIC, see <see cref="Cpu.ApicBase"/>.</summary>
    public const uint ApicBase = 0x1B;

    /// <summary>IA32_TSC_ADJUST: what software added to the time-stamp counter.</summary>
    public const uint TscAdjust = 0x3B;

    /// <summary>IA32_SPEC_CTRL: IBRS, STIBP, SSBD.</summary>
    public const uint SpeculationControl = 0x48;

    /// <summary>IA32_PRED_CMD: indirect-branch prediction barrier, write only.</summary>
    public const uint PredictorCommand = 0x49;

    /// <summary>IA32_MTRRCAP: how many MTRRs there are; read only.</summary>
    public const uint MtrrCapability = 0xFE;

    /// <summary>IA32_SYSENTER_CS: code selector for SYSENTER.</summary>
    public const uint SysEnterCs = 0x174;

    /// <summary>IA32_SYSENTER_ESP: stack for SYSENTER.</summary>
    public const uint SysEnterEsp = 0x175;

    /// <summary>IA32_SYSENTER_EIP: entry for SYSENTER.</summary>
    public const uint SysEnterEip = 0x176;

    /// <summary>IA32_MCG_CAP: number of machine-check banks; read only.</summary>
    public const uint MachineCheckCapability = 0x179;

    /// <summary>IA32_MCG_STATUS: state of the machine-check unit.</summary>
    public const uint MachineCheckStatus = 0x17A;

    /// <summary>IA32_MCG_CTL: global machine-check enable.</summary>
    public const uint MachineCheckControl = 0x17B;

    /// <summary>IA32_DEBUGCTL: branch single-step, last-branch records, trace.</summary>
    public const uint DebugControl = 0x1D9;

    /// <summary>Last branch, source (AMD, old Intel).</summary>
    public const uint LastBranchFrom = 0x1DB;

    /// <summary>Last branch, target (AMD, old Intel).</summary>
    public const uint LastBranchTo = 0x1DC;

    /// <summary>Last exception or interrupt, source.</summary>
    public const uint LastExceptionFrom = 0x1DD;

    /// <summary>Last exception or interrupt, target.</summary>
    public const uint LastExceptionTo = 0x1DE;

    /// <summary>IA32_MTRR_PHYSBASE0: first of the variable MTRRs, pairs of base and mask.</summary>
    public const uint MtrrVariableBase0 = 0x200;

    /// <summary>Last number that variable MTRRs may take (16 pairs).</summary>
    public const uint MtrrVariableLast = 0x21F;

    /// <summary>IA32_MTRR_FIX64K_00000: types of 0 to 0x7FFFF.</summary>
    public const uint MtrrFixed64K00000 = 0x250;

    /// <summary>IA32_MTRR_FIX16K_80000: types of 0x80000 to 0x9FFFF.</summary>
    public const uint MtrrFixed16K80000 = 0x258;

    /// <summary>IA32_MTRR_FIX16K_A0000: types of 0xA0000 to 0xBFFFF.</summary>
    public const uint MtrrFixed16KA0000 = 0x259;

    /// <summary>IA32_MTRR_FIX4K_C0000: first of the eight for 0xC0000 to 0xFFFFF.</summary>
    public const uint MtrrFixed4KC0000 = 0x268;

    /// <summary>IA32_MTRR_FIX4K_F8000: last of the eight for 0xC0000 to 0xFFFFF.</summary>
    public const uint MtrrFixed4KF8000 = 0x26F;

    /// <summary>IA32_PAT: the page attribute table, see <see cref="PatMsr"/>.</summary>
    public const uint Pat = 0x277;

    /// <summary>IA32_MTRR_DEF_TYPE: type of what no MTRR covers, and the enable bits.</summary>
    public const uint MtrrDefaultType = 0x2FF;

    /// <summary>IA32_MC0_CTL: first of the machine-check banks, four MSRs each.</summary>
    public const uint MachineCheckBank0 = 0x400;

    /// <summary>IA32_U_CET: control-flow enforcement at CPL 3.</summary>
    public const uint UserCet = 0x6A0;

    /// <summary>IA32_S_CET: control-flow enforcement at CPL 0 to 2.</summary>
    public const uint SupervisorCet = 0x6A2;

    /// <summary>IA32_PL0_SSP: shadow-stack pointer of privilege level 0.</summary>
    public const uint ShadowStackPointer0 = 0x6A4;

    /// <summary>IA32_INTERRUPT_SSP_TABLE_ADDR: shadow stacks of the interrupt stack table.</summary>
    public const uint InterruptShadowStackTable = 0x6A8;

    /// <summary>IA32_TSC_DEADLINE: time of the next local-APIC timer interrupt.</summary>
    public const uint TscDeadline = 0x6E0;

    /// <summary>First of the x2APIC registers.</summary>
    public const uint X2ApicFirst = 0x800;

    /// <summary>x2APIC ID; read only.</summary>
    public const uint X2ApicId = 0x802;

    /// <summary>x2APIC end of interrupt, write only.</summary>
    public const uint X2ApicEndOfInterrupt = 0x80B;

    /// <summary>x2APIC logical destination; read only.</summary>
    public const uint X2ApicLogicalDestination = 0x80D;

    /// <summary>x2APIC spurious vector and software enable.</summary>
    public const uint X2ApicSpuriousVector = 0x80F;

    /// <summary>x2APIC interrupt command: one 64-bit write sends.</summary>
    public const uint X2ApicInterruptCommand = 0x830;

    /// <summary>x2APIC self IPI, write only.</summary>
    public const uint X2ApicSelfInterrupt = 0x83F;

    /// <summary>Last of the x2APIC registers.</summary>
    public const uint X2ApicLast = 0x8FF;

    /// <summary>IA32_PKRS: protection keys for supervisor pages.</summary>
    public const uint SupervisorProtectionKeys = 0x6E1;

    /// <summary>IA32_BNDCFGS: MPX in supervisor mode.</summary>
    public const uint BoundConfiguration = 0xD90;

    /// <summary>IA32_XSS: supervisor components that XSAVES keeps.</summary>
    public const uint ExtendedSupervisorState = 0xDA0;

    /// <summary>EFER: extended features, see <see cref="Cpu.Efer"/>.</summary>
    public const uint Efer = 0xC0000080;

    /// <summary>STAR: segments of SYSCALL and SYSRET.</summary>
    public const uint Star = 0xC0000081;

    /// <summary>LSTAR: 64-bit entry of SYSCALL.</summary>
    public const uint LStar = 0xC0000082;

    /// <summary>CSTAR: compatibility-mode entry of SYSCALL.</summary>
    public const uint CStar = 0xC0000083;

    /// <summary>SFMASK: flags that SYSCALL clears.</summary>
    public const uint SyscallFlagMask = 0xC0000084;

    /// <summary>FS.base.</summary>
    public const uint FsBase = 0xC0000100;

    /// <summary>GS.base.</summary>
    public const uint GsBase = 0xC0000101;

    /// <summary>KERNEL_GS_BASE: what SWAPGS exchanges with GS.base.</summary>
    public const uint KernelGsBase = 0xC0000102;

    /// <summary>TSC_AUX: what RDTSCP and RDPID return.</summary>
    public const uint TscAux = 0xC0000103;

    // Intel.
    /// <summary>IA32_FEATURE_CONTROL: VMX and SMX permission and lock, see <see cref="Cpu.FeatureControl"/>.</summary>
    public const uint FeatureControl = 0x3A;

    /// <summary>IA32_BIOS_UPDT_TRIG: loads microcode, write only.</summary>
    public const uint IntelMicrocodeUpdate = 0x79;

    /// <summary>IA32_BIOS_SIGN_ID on Intel, PATCH_LEVEL on AMD: revision of the loaded microcode.</summary>
    public const uint MicrocodeRevision = 0x8B;

    /// <summary>IA32_SMM_MONITOR_CTL: dual-monitor treatment of SMIs.</summary>
    public const uint SmmMonitorControl = 0x9B;

    /// <summary>IA32_FLUSH_CMD: L1 data cache flush, write only.</summary>
    public const uint FlushCommand = 0x10B;

    /// <summary>IA32_MISC_ENABLE: miscellaneous features.</summary>
    public const uint MiscEnable = 0x1A0;

    /// <summary>IA32_SMRR_PHYSBASE: SMRAM range; not a variable MTRR.</summary>
    public const uint SmrrBase = 0x1F2;

    /// <summary>IA32_SMRR_PHYSMASK: SMRAM range; not a variable MTRR.</summary>
    public const uint SmrrMask = 0x1F3;

    /// <summary>IA32_PERF_GLOBAL_CTRL: which performance counters count.</summary>
    public const uint PerformanceGlobalControl = 0x38F;

    /// <summary>IA32_VMX_BASIC: revision, region size, memory type, true controls.</summary>
    public const uint VmxBasic = 0x480;

    /// <summary>IA32_VMX_PINBASED_CTLS: allowed pin-based controls.</summary>
    public const uint VmxPinControls = 0x481;

    /// <summary>IA32_VMX_PROCBASED_CTLS: allowed primary processor-based controls.</summary>
    public const uint VmxPrimaryControls = 0x482;

    /// <summary>IA32_VMX_EXIT_CTLS: allowed exit controls.</summary>
    public const uint VmxExitControls = 0x483;

    /// <summary>IA32_VMX_ENTRY_CTLS: allowed entry controls.</summary>
    public const uint VmxEntryControls = 0x484;

    /// <summary>IA32_VMX_MISC: timer rate, activity states, CR3 targets.</summary>
    public const uint VmxMiscellaneous = 0x485;

    /// <summary>IA32_VMX_CR0_FIXED0: CR0 bits that must be 1.</summary>
    public const uint VmxCr0Fixed0 = 0x486;

    /// <summary>IA32_VMX_CR0_FIXED1: CR0 bits that may be 1.</summary>
    public const uint VmxCr0Fixed1 = 0x487;

    /// <summary>IA32_VMX_CR4_FIXED0: CR4 bits that must be 1.</summary>
    public const uint VmxCr4Fixed0 = 0x488;

    /// <summary>IA32_VMX_CR4_FIXED1: CR4 bits that may be 1.</summary>
    public const uint VmxCr4Fixed1 = 0x489;

    /// <summary>IA32_VMX_VMCS_ENUM: highest VMCS field index.</summary>
    public const uint VmxVmcsEnumeration = 0x48A;

    /// <summary>IA32_VMX_PROCBASED_CTLS2: allowed secondary processor-based controls.</summary>
    public const uint VmxSecondaryControls = 0x48B;

    /// <summary>IA32_VMX_EPT_VPID_CAP: what EPT and VPID can do.</summary>
    public const uint VmxEptVpidCapability = 0x48C;

    /// <summary>IA32_VMX_TRUE_PINBASED_CTLS.</summary>
    public const uint VmxTruePinControls = 0x48D;

    /// <summary>IA32_VMX_TRUE_PROCBASED_CTLS.</summary>
    public const uint VmxTruePrimaryControls = 0x48E;

    /// <summary>IA32_VMX_TRUE_EXIT_CTLS.</summary>
    public const uint VmxTrueExitControls = 0x48F;

    /// <summary>IA32_VMX_TRUE_ENTRY_CTLS.</summary>
    public const uint VmxTrueEntryControls = 0x490;

    /// <summary>IA32_VMX_VMFUNC: allowed VM functions.</summary>
    public const uint VmxVmFunctions = 0x491;

    /// <summary>IA32_VMX_PROCBASED_CTLS3: allowed tertiary processor-based controls.</summary>
    public const uint VmxTertiaryControls = 0x492;

    /// <summary>IA32_VMX_EXIT_CTLS2: allowed secondary exit controls.</summary>
    public const uint VmxSecondaryExitControls = 0x493;

    /// <summary>IA32_RTIT_OUTPUT_BASE: where Processor Trace writes.</summary>
    public const uint TraceOutputBase = 0x560;

    /// <summary>IA32_RTIT_OUTPUT_MASK_PTRS: how far, and how far it has come.</summary>
    public const uint TraceOutputMask = 0x561;

    /// <summary>IA32_RTIT_ADDR3_B: last of Processor Trace's registers.</summary>
    public const uint TraceLast = 0x587;

    /// <summary>IA32_RTIT_CTL: Processor Trace.</summary>
    public const uint TraceControl = 0x570;

    /// <summary>IA32_LBR_CTL: architectural last-branch records.</summary>
    public const uint LastBranchControl = 0x14CE;

    // AMD.
    /// <summary>SYSCFG: memory encryption and MTRR extensions, see <see cref="Cpu.SysCfg"/>.</summary>
    public const uint SysCfg = 0xC0010010;

    /// <summary>HWCR: SMM lock, TSC frequency, monitor at CPL 3, cache flush behaviour.</summary>
    public const uint HardwareConfiguration = 0xC0010015;

    /// <summary>IORR_BASE0: first of the two I/O range registers, pairs of base and mask.</summary>
    public const uint IoRangeBase0 = 0xC0010016;

    /// <summary>TOP_MEM: end of DRAM below 4 GiB.</summary>
    public const uint TopOfMemory = 0xC001001A;

    /// <summary>TOP_MEM2: end of DRAM above 4 GiB.</summary>
    public const uint TopOfMemory2 = 0xC001001D;

    /// <summary>NB_CFG: extended configuration space access by port.</summary>
    public const uint NorthBridgeConfiguration = 0xC001001F;

    /// <summary>PATCH_LOADER: loads microcode, write only.</summary>
    public const uint AmdPatchLoader = 0xC0010020;

    /// <summary>VM_CR: disable and lock of SVM, INIT redirection, see <see cref="Cpu.VmCr"/>.</summary>
    public const uint VmCr = 0xC0010114;

    /// <summary>IGNNE: the state of the IGNNE# input.</summary>
    public const uint Ignne = 0xC0010115;

    /// <summary>SMM_CTL: SMM under control of a VMM.</summary>
    public const uint SmmControl = 0xC0010116;

    /// <summary>VM_HSAVE_PA: where VMRUN saves the host.</summary>
    public const uint HostSavePhysicalAddress = 0xC0010117;

    /// <summary>SVM_KEY: key that unlocks SVM.</summary>
    public const uint SvmKey = 0xC0010118;

    /// <summary>SMM_KEY: key that unlocks SMM.</summary>
    public const uint SmmLockKey = 0xC0010119;

    /// <summary>AVIC doorbell: signals a running guest.</summary>
    public const uint DoorbellPhysicalAddress = 0xC001011B;

    /// <summary>SEV_STATUS: which kind of encrypted guest this is; read only.</summary>
    public const uint SevStatus = 0xC0010131;

    /// <summary>RMP_BASE: start of the reverse map table (SEV-SNP).</summary>
    public const uint ReverseMapBase = 0xC0010132;

    /// <summary>RMP_END: end of the reverse map table (SEV-SNP).</summary>
    public const uint ReverseMapEnd = 0xC0010133;

    /// <summary>First MSR of the scalable machine-check banks; outside the ranges of the MSR permission map.</summary>
    public const uint ScalableMachineCheckFirst = 0xC0002000;
}
