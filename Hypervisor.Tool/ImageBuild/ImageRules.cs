using System.Collections.Generic;
using System.Linq;

namespace Hypervisor.Tool.ImageBuild;

/// <summary>What an image must look like. The defaults are those of hv.efi; test programs have others.</summary>
public sealed record ImageRules
{
    /// <summary>
    /// Where the host is entered once the machine is a guest; from here on nothing may allocate or wait for initialization.
    /// </summary>
    public static IReadOnlyList<string> HostRoots { get; } =
        ["SvmExitEntry", "SvmCpuidEntry", "SvmPortEntry", "VmxExitEntry", "VmxFastEntry", "VmxNmiEntry", "VmxFailureEntry", "HostFaultEntry", "ApplicationProcessorEntry"];

    /// <summary>Like <see cref="HostRoots"/>, but not in every image.</summary>
    public static IReadOnlyList<string> OptionalHostRoots { get; } = [];

    /// <summary>Of <see cref="HostRoots"/> those that are called with the guest's vector registers unsaved.</summary>
    public static IReadOnlyList<string> UnsavedHostRoots { get; } = ["SvmCpuidEntry", "SvmPortEntry", "VmxFastEntry"];

    /// <summary>Code that an application processor executes after SIPI, before it is in long mode.</summary>
    public static IReadOnlyList<string> StartupCode { get; } = ["hv_Trampoline16"];

    /// <summary>Stubs that move the guest's vector registers, or keep the caller's: all other code leaves XMM6 to XMM15 alone.</summary>
    public static IReadOnlyList<string> KeptVectorStubs { get; } = ["hv_CallResident", "hv_StoreVector", "hv_LoadVector", "hv_XtsEncrypt", "hv_XtsDecrypt", .. WideVectorStubs];

    /// <summary>Of these the ones that reach the upper halves: nothing else is in a vector encoding.</summary>
    public static IReadOnlyList<string> WideVectorStubs => ["hv_StoreVectorHigh", "hv_LoadVectorHigh"];

    /// <summary>Symbols whose whole reach is checked; each must exist.</summary>
    public IReadOnlyList<string> Roots { get; init; } = HostRoots;

    /// <summary>Symbols whose whole reach is checked where they exist.</summary>
    public IReadOnlyList<string> OptionalRoots { get; init; } = OptionalHostRoots;

    /// <summary>Symbols whose whole reach leaves the vector registers alone.</summary>
    public IReadOnlyList<string> UnsavedRoots { get; init; } = UnsavedHostRoots;

    /// <summary>Compiled code leaves XMM6 to XMM15 alone: during an exit they are the guest's, and nobody has saved them.</summary>
    public bool KeepsVectors => Subsystem == PeSubsystem.EfiRuntimeDriver;

    /// <summary>Functions of 16-bit code.</summary>
    public IReadOnlyList<string> Code16 { get; init; } = StartupCode;

    /// <summary>The subsystem the image must have.</summary>
    public PeSubsystem Subsystem { get; init; } = PeSubsystem.EfiRuntimeDriver;

    /// <summary>How wide the code of a function is.</summary>
    /// <param name="names">All its names.</param>
    public int BitnessOf(IEnumerable<string> names) => names.Any(Code16.Contains) ? 16 : 64;
}
