using System;

namespace Hypervisor.Core.Vmx;

/// <summary>VM-exit controls.</summary>
/// <remarks>Intel SDM vol 3 §24.7.1, table 24-12.</remarks>
[Flags]
public enum ExitControls : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>DR7 and IA32_DEBUGCTL are saved.</summary>
    SaveDebugControls = 1u << 2,

    /// <summary>The host is in 64-bit mode.</summary>
    Host64Bit = 1u << 9,

    /// <summary>IA32_PERF_GLOBAL_CTRL is loaded.</summary>
    LoadPerformanceGlobalControl = 1u << 12,

    /// <summary>An interrupt that exits is acknowledged.</summary>
    AcknowledgeInterrupt = 1u << 15,

    /// <summary>IA32_PAT is saved.</summary>
    SavePat = 1u << 18,

    /// <summary>IA32_PAT is loaded.</summary>
    LoadPat = 1u << 19,

    /// <summary>IA32_EFER is saved.</summary>
    SaveEfer = 1u << 20,

    /// <summary>IA32_EFER is loaded.</summary>
    LoadEfer = 1u << 21,

    /// <summary>The preemption timer is saved.</summary>
    SavePreemptionTimer = 1u << 22,

    /// <summary>IA32_BNDCFGS becomes 0.</summary>
    ClearBoundConfiguration = 1u << 23,

    /// <summary>Processor Trace does not see exits.</summary>
    ConcealFromTrace = 1u << 24,

    /// <summary>IA32_RTIT_CTL becomes 0.</summary>
    ClearTraceControl = 1u << 25,

    /// <summary>IA32_LBR_CTL becomes 0.</summary>
    ClearLastBranchControl = 1u << 26,

    /// <summary>The control-flow enforcement state is loaded.</summary>
    LoadCet = 1u << 28,

    /// <summary>IA32_PKRS is loaded.</summary>
    LoadProtectionKeys = 1u << 29,

    /// <summary>The secondary exit controls count.</summary>
    SecondaryControls = 1u << 31,
}
