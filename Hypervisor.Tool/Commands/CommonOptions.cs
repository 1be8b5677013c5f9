using System.CommandLine;
using Hypervisor.Tool.Setup;

namespace Hypervisor.Tool.Commands;

/// <summary>Options that more than one command has.</summary>
public static class CommonOptions
{
    /// <summary>Which of Debian's kernels the guest runs.</summary>
    public static Option<KernelFlavor> Kernel()
    {
        return new Option<KernelFlavor>("--kernel")
        {
            Description = "The guest's kernel: cloud is small and quick, generic has drivers for AHCI, NVMe, USB and network cards",
            DefaultValueFactory = _ => KernelFlavor.Cloud,
        };
    }
}
