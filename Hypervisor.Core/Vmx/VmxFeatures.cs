using System;

namespace Hypervisor.Core.Vmx;

/// <summary>Features of CPUID that work in a guest only with a VMX control, or whose state VMX controls switch.</summary>
[Flags]
public enum VmxFeatures : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>RDTSCP: leaf 8000_0001 EDX bit 27.</summary>
    Rdtscp = 1u << 0,

    /// <summary>RDPID: leaf 7 ECX bit 22.</summary>
    Rdpid = 1u << 1,

    /// <summary>INVPCID: leaf 7 EBX bit 10.</summary>
    Invpcid = 1u << 2,

    /// <summary>XSAVES and XRSTORS: leaf 0Dh subleaf 1 EAX bit 3.</summary>
    Xsaves = 1u << 3,

    /// <summary>TPAUSE, UMONITOR and UMWAIT (WAITPKG): leaf 7 ECX bit 5.</summary>
    UserWait = 1u << 4,

    /// <summary>PCONFIG: leaf 7 EDX bit 18.</summary>
    Pconfig = 1u << 5,

    /// <summary>Processor Trace: leaf 7 EBX bit 25.</summary>
    Trace = 1u << 6,

    /// <summary>Memory protection extensions (bound registers): leaf 7 EBX bit 14.</summary>
    Bounds = 1u << 7,

    /// <summary>Architectural last-branch records: leaf 7 EDX bit 19.</summary>
    LastBranch = 1u << 8,

    /// <summary>Control-flow enforcement: leaf 7 ECX bit 7 (shadow stacks) or EDX bit 20 (indirect-branch tracking).</summary>
    Cet = 1u << 9,
}
