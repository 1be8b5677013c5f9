namespace Hypervisor.Tool.Setup;

/// <summary>Which of Debian's kernels the guest runs.</summary>
public enum KernelFlavor
{
    /// <summary>Small and quick to boot; drivers for virtual devices only.</summary>
    Cloud,

    /// <summary>The kernel of ordinary machines, with drivers for AHCI, NVMe, USB and network cards.</summary>
    Generic,
}
