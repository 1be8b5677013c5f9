namespace Hypervisor.Core.Diagnostics;

/// <summary>Why a guest left, in words both vendors share.</summary>
public enum ExitCause
{
    /// <summary>CPUID.</summary>
    Cpuid,

    /// <summary>RDMSR.</summary>
    MsrRead,

    /// <summary>WRMSR.</summary>
    MsrWrite,

    /// <summary>IN or OUT.</summary>
    Port,

    /// <summary>Access to the local APIC page.</summary>
    LocalApic,

    /// <summary>Access to memory a mediator has claimed.</summary>
    Memory,

    /// <summary>Write to the memory of the host.</summary>
    ProtectedMemory,

    /// <summary>Access to guest memory the host did not expect to fault.</summary>
    UnexpectedMemory,

    /// <summary>Non-maskable interrupt.</summary>
    Nmi,

    /// <summary>IRET while a non-maskable interrupt is in service.</summary>
    Iret,

    /// <summary>End of an instruction executed natively with a door open.</summary>
    Step,

    /// <summary>#GP.</summary>
    GeneralProtection,

    /// <summary>INIT.</summary>
    Init,

    /// <summary>SIPI.</summary>
    Sipi,

    /// <summary>MOV to a control register that touches what the host owns.</summary>
    ControlRegister,

    /// <summary>Hardware task switch.</summary>
    TaskSwitch,

    /// <summary>INVD.</summary>
    Invd,

    /// <summary>XSETBV.</summary>
    Xsetbv,

    /// <summary>Hypercall instruction.</summary>
    Hypercall,

    /// <summary>Another instruction of the virtualisation extension.</summary>
    VirtualizationInstruction,

    /// <summary>Triple fault.</summary>
    Shutdown,

    /// <summary>Anything else.</summary>
    Other,

    /// <summary>Number of causes.</summary>
    Last,
}
