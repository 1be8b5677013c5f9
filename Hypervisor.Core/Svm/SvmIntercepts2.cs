using System;

namespace Hypervisor.Core.Svm;

/// <summary>Intercepts at VMCB offset 010h (AMD APM vol 2 table B-1).</summary>
[Flags]
public enum SvmIntercepts2 : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>VMRUN; must be set.</summary>
    VmRun = 1u << 0,

    /// <summary>VMMCALL.</summary>
    VmmCall = 1u << 1,

    /// <summary>VMLOAD.</summary>
    VmLoad = 1u << 2,

    /// <summary>VMSAVE.</summary>
    VmSave = 1u << 3,

    /// <summary>STGI.</summary>
    Stgi = 1u << 4,

    /// <summary>CLGI.</summary>
    Clgi = 1u << 5,

    /// <summary>SKINIT.</summary>
    Skinit = 1u << 6,

    /// <summary>Every instruction of SVM.</summary>
    SvmInstructions = VmRun | VmmCall | VmLoad | VmSave | Stgi | Clgi | Skinit,
}
