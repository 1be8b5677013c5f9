namespace Hypervisor.Core.Vmx;

/// <summary>Basic exit reasons: bits 15:0 of the exit reason.</summary>
/// <remarks>Intel SDM vol 3 appendix C, table C-1.</remarks>
public enum VmxExitReason : uint
{
    /// <summary>An exception of the bitmap, or a non-maskable interrupt.</summary>
    ExceptionOrNmi = 0,

    /// <summary>External interrupt.</summary>
    ExternalInterrupt = 1,

    /// <summary>Triple fault.</summary>
    TripleFault = 2,

    /// <summary>INIT signal.</summary>
    Init = 3,

    /// <summary>Start-up IPI.</summary>
    Sipi = 4,

    /// <summary>SMI right behind an I/O instruction.</summary>
    IoSmi = 5,

    /// <summary>Other SMI.</summary>
    OtherSmi = 6,

    /// <summary>The guest can take an interrupt.</summary>
    InterruptWindow = 7,

    /// <summary>The guest can take a non-maskable interrupt.</summary>
    NmiWindow = 8,

    /// <summary>Task switch.</summary>
    TaskSwitch = 9,

    /// <summary>CPUID.</summary>
    Cpuid = 10,

    /// <summary>GETSEC.</summary>
    Getsec = 11,

    /// <summary>HLT.</summary>
    Hlt = 12,

    /// <summary>INVD.</summary>
    Invd = 13,

    /// <summary>INVLPG.</summary>
    Invlpg = 14,

    /// <summary>RDPMC.</summary>
    Rdpmc = 15,

    /// <summary>RDTSC.</summary>
    Rdtsc = 16,

    /// <summary>RSM in system management mode.</summary>
    Rsm = 17,

    /// <summary>VMCALL.</summary>
    Vmcall = 18,

    /// <summary>VMCLEAR.</summary>
    Vmclear = 19,

    /// <summary>VMLAUNCH.</summary>
    Vmlaunch = 20,

    /// <summary>VMPTRLD.</summary>
    Vmptrld = 21,

    /// <summary>VMPTRST.</summary>
    Vmptrst = 22,

    /// <summary>VMREAD.</summary>
    Vmread = 23,

    /// <summary>VMRESUME.</summary>
    Vmresume = 24,

    /// <summary>VMWRITE.</summary>
    Vmwrite = 25,

    /// <summary>VMXOFF.</summary>
    Vmxoff = 26,

    /// <summary>VMXON.</summary>
    Vmxon = 27,

    /// <summary>MOV CR, CLTS or LMSW.</summary>
    ControlRegister = 28,

    /// <summary>MOV DR.</summary>
    MovDr = 29,

    /// <summary>IN, OUT, INS or OUTS.</summary>
    Io = 30,

    /// <summary>RDMSR.</summary>
    Rdmsr = 31,

    /// <summary>WRMSR.</summary>
    Wrmsr = 32,

    /// <summary>VM entry failed: invalid guest state.</summary>
    InvalidGuestState = 33,

    /// <summary>VM entry failed: MSR loading.</summary>
    MsrLoading = 34,

    /// <summary>MWAIT.</summary>
    Mwait = 36,

    /// <summary>Behind the instruction that the monitor trap flag let pass.</summary>
    MonitorTrapFlag = 37,

    /// <summary>MONITOR.</summary>
    Monitor = 39,

    /// <summary>PAUSE.</summary>
    Pause = 40,

    /// <summary>VM entry failed: machine check.</summary>
    MachineCheckDuringEntry = 41,

    /// <summary>Task priority below its threshold.</summary>
    TprBelowThreshold = 43,

    /// <summary>Access to the APIC-access page.</summary>
    ApicAccess = 44,

    /// <summary>Virtualised end of interrupt.</summary>
    VirtualizedEoi = 45,

    /// <summary>LGDT, LIDT, SGDT or SIDT.</summary>
    GdtrIdtrAccess = 46,

    /// <summary>LLDT, LTR, SLDT or STR.</summary>
    LdtrTrAccess = 47,

    /// <summary>EPT violation.</summary>
    EptViolation = 48,

    /// <summary>EPT misconfiguration.</summary>
    EptMisconfiguration = 49,

    /// <summary>INVEPT.</summary>
    Invept = 50,

    /// <summary>RDTSCP.</summary>
    Rdtscp = 51,

    /// <summary>The preemption timer is at zero.</summary>
    PreemptionTimer = 52,

    /// <summary>INVVPID.</summary>
    Invvpid = 53,

    /// <summary>WBINVD or WBNOINVD.</summary>
    Wbinvd = 54,

    /// <summary>XSETBV.</summary>
    Xsetbv = 55,

    /// <summary>Write to the virtual APIC page.</summary>
    ApicWrite = 56,

    /// <summary>RDRAND.</summary>
    Rdrand = 57,

    /// <summary>INVPCID.</summary>
    Invpcid = 58,

    /// <summary>VMFUNC.</summary>
    Vmfunc = 59,

    /// <summary>ENCLS.</summary>
    Encls = 60,

    /// <summary>RDSEED.</summary>
    Rdseed = 61,

    /// <summary>The page-modification log is full.</summary>
    PageModificationLogFull = 62,

    /// <summary>XSAVES.</summary>
    Xsaves = 63,

    /// <summary>XRSTORS.</summary>
    Xrstors = 64,

    /// <summary>PCONFIG.</summary>
    Pconfig = 65,

    /// <summary>Sub-page permissions missing or wrong.</summary>
    SubPagePermission = 66,

    /// <summary>UMWAIT.</summary>
    Umwait = 67,

    /// <summary>TPAUSE.</summary>
    Tpause = 68,

    /// <summary>LOADIWKEY.</summary>
    Loadiwkey = 69,

    /// <summary>ENCLV.</summary>
    Enclv = 70,

    /// <summary>ENQCMD: PASID translation failed.</summary>
    EnqcmdPasid = 72,

    /// <summary>ENQCMDS: PASID translation failed.</summary>
    EnqcmdsPasid = 73,

    /// <summary>Bus lock.</summary>
    BusLock = 74,

    /// <summary>An instruction took longer than the notify window.</summary>
    NotifyWindow = 75,

    /// <summary>SEAMCALL.</summary>
    Seamcall = 76,

    /// <summary>TDCALL.</summary>
    Tdcall = 77,

    /// <summary>RDMSRLIST.</summary>
    Rdmsrlist = 78,

    /// <summary>WRMSRLIST.</summary>
    Wrmsrlist = 79,

    /// <summary>URDMSR.</summary>
    Urdmsr = 80,

    /// <summary>UWRMSR.</summary>
    Uwrmsr = 81,

    /// <summary>RDMSR with an immediate.</summary>
    RdmsrImmediate = 84,

    /// <summary>WRMSRNS with an immediate.</summary>
    WrmsrnsImmediate = 85,
}
