using System;

namespace Hypervisor.Core.Vmx;

/// <summary>VM-entry controls.</summary>
/// <remarks>Intel SDM vol 3 §24.8.1, table 24-14.</remarks>
[Flags]
public enum EntryControls : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>DR7 and IA32_DEBUGCTL are loaded.</summary>
    LoadDebugControls = 1u << 2,

    /// <summary>The guest is in IA-32e mode.</summary>
    Ia32eMode = 1u << 9,

    /// <summary>The guest is in system management mode.</summary>
    EntryToSmm = 1u << 10,

    /// <summary>Default treatment of SMIs.</summary>
    DeactivateDualMonitor = 1u << 11,

    /// <summary>IA32_PERF_GLOBAL_CTRL is loaded.</summary>
    LoadPerformanceGlobalControl = 1u << 13,

    /// <summary>IA32_PAT is loaded.</summary>
    LoadPat = 1u << 14,

    /// <summary>IA32_EFER is loaded.</summary>
    LoadEfer = 1u << 15,

    /// <summary>IA32_BNDCFGS is loaded.</summary>
    LoadBoundConfiguration = 1u << 16,

    /// <summary>Processor Trace does not see entries.</summary>
    ConcealFromTrace = 1u << 17,

    /// <summary>IA32_RTIT_CTL is loaded.</summary>
    LoadTraceControl = 1u << 18,

    /// <summary>The control-flow enforcement state is loaded.</summary>
    LoadCet = 1u << 20,

    /// <summary>IA32_LBR_CTL is loaded.</summary>
    LoadLastBranchControl = 1u << 21,

    /// <summary>IA32_PKRS is loaded.</summary>
    LoadProtectionKeys = 1u << 22,
}
