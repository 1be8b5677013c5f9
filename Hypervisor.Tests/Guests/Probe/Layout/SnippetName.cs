namespace Hypervisor.Guests.Probe.Layout;

/// <summary>
/// The pieces of machine code that the checks run, one by one, under the probe's own exception handlers. GuestStubs writes them; each ends
/// with the software interrupt <see cref="ProbeVectors.Done"/>.
/// </summary>
public enum SnippetName
{
    // Single steps: the instruction, then NOPs.
    Nop,
    Cpuid,
    ReadMsr,
    WriteMsr,
    Out80,
    RepMovsb,
    Xsetbv,
    Xgetbv,
    Invd,
    Wbinvd,
    ApicStore,
    ApicExchange,
    ApicStosd,

    // Interrupt shadows.
    MovSsCpuid,
    MovSsNop,
    StiCpuid,
    StiNop,
    StiReadMsr,
    StiApicStore,
    StiApicExchange,

    // Breakpoints.
    CpuidTwice,
    StoreCpuid,

    // Instructions that must not exist.
    Vmrun,
    Vmload,
    Vmsave,
    Stgi,
    Clgi,
    Skinit,
    Invlpga,
    Vmmcall,
    Vmcall,
    Vmlaunch,
    Vmresume,
    Vmxoff,
    Vmxon,
    Vmptrld,
    Vmptrst,
    Vmclear,
    Vmread,
    Vmwrite,
    Invept,
    Invvpid,
    Getsec,
    LockCpuid,

    // CPUID in other dress.
    Cpuid66,
    CpuidRex,
    CpuidF2,
    CpuidF3,
    Cpuid67,
    CpuidSegment,
    CpuidLongest,
    CpuidTooLong,

    // Caches.
    StoreInvdLoad,

    // Control registers: write RAX, read back to RBX, write RCX.
    SwapCr0,
    SwapCr3,
    SwapCr4,
    SwapCr8,
    Lmsw,

    // NMI: send with the command in EAX, then wait R8 rounds.
    SendAndWait,

    // Register contents across R8 rounds of exits.
    FxAcross,
    AvxAcross,

    // Local APIC, register at RDI, operand in ECX, source at RSI; the register's value after it in EBX.
    ApicMov,
    ApicMovImmediate,
    ApicMovHigh,
    ApicMovIndexed,
    ApicOr,
    ApicAnd,
    ApicXor,
    ApicAdd,
    ApicXchg,
    ApicCmpxchg,
    ApicXadd,
    ApicInc,
    ApicNot,
    ApicBts,
    ApicLockOr,
    ApicLockInc,
    ApicCmpxchgPlain,
    ApicStosString,
    ApicMovsString,
    ApicRepStos,
    ApicLoadsString,
    ApicTest,
    ApicCmp,
    ApicMov32,

    // Ring 3.
    UserCpuid,
    UserReadMsr,
    UserRdtsc,
    UserHlt,
}
