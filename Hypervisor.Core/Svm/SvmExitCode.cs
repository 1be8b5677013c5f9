namespace Hypervisor.Core.Svm;

/// <summary>Exit codes of SVM (AMD APM vol 2 appendix C) that the host's intercepts can produce.</summary>
public enum SvmExitCode : ulong
{
    /// <summary>First of the 32 exception codes: 40h plus the vector.</summary>
    Exception0 = 0x40,

    /// <summary>#DB.</summary>
    ExceptionDb = 0x41,

    /// <summary>#GP.</summary>
    ExceptionGp = 0x4D,

    /// <summary>#SX: a redirected INIT (VM_CR.R_INIT).</summary>
    ExceptionSx = 0x5E,

    /// <summary>Last of the exception codes.</summary>
    ExceptionLast = 0x5F,

    /// <summary>Non-maskable interrupt.</summary>
    Nmi = 0x61,

    /// <summary>INIT.</summary>
    Init = 0x63,

    /// <summary>CPUID.</summary>
    Cpuid = 0x72,

    /// <summary>IRET.</summary>
    Iret = 0x74,

    /// <summary>INVD.</summary>
    Invd = 0x76,

    /// <summary>INVLPGA.</summary>
    Invlpga = 0x7A,

    /// <summary>IN or OUT.</summary>
    Io = 0x7B,

    /// <summary>RDMSR or WRMSR.</summary>
    Msr = 0x7C,

    /// <summary>Shutdown.</summary>
    Shutdown = 0x7F,

    /// <summary>VMRUN.</summary>
    VmRun = 0x80,

    /// <summary>VMMCALL.</summary>
    VmmCall = 0x81,

    /// <summary>VMLOAD.</summary>
    VmLoad = 0x82,

    /// <summary>VMSAVE.</summary>
    VmSave = 0x83,

    /// <summary>STGI.</summary>
    Stgi = 0x84,

    /// <summary>CLGI.</summary>
    Clgi = 0x85,

    /// <summary>SKINIT.</summary>
    Skinit = 0x86,

    /// <summary>Nested page fault.</summary>
    NestedPageFault = 0x400,

    /// <summary><see cref="Invalid"/> as QEMU writes it: 32 bits wide.</summary>
    EmulatorRefusal = 0xFFFF_FFFF,

    /// <summary>VMRUN found the VMCB inconsistent.</summary>
    Invalid = 0xFFFF_FFFF_FFFF_FFFF,
}
