using System;

namespace Hypervisor.Core.Svm;

/// <summary>Intercepts at VMCB offset 00Ch (AMD APM vol 2 table B-1).</summary>
[Flags]
public enum SvmIntercepts1 : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Non-maskable interrupt.</summary>
    Nmi = 1u << 1,

    /// <summary>INIT.</summary>
    Init = 1u << 3,

    /// <summary>CPUID.</summary>
    Cpuid = 1u << 18,

    /// <summary>IRET.</summary>
    Iret = 1u << 20,

    /// <summary>INVD.</summary>
    Invd = 1u << 22,

    /// <summary>INVLPGA.</summary>
    Invlpga = 1u << 26,

    /// <summary>Ports selected by the I/O permission map.</summary>
    IoProtection = 1u << 27,

    /// <summary>MSRs selected by the MSR permission map.</summary>
    MsrProtection = 1u << 28,

    /// <summary>Shutdown: triple fault.</summary>
    Shutdown = 1u << 31,
}
