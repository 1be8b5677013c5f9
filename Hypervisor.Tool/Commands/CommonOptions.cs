using System.CommandLine;
using Hypervisor.Tool.Emulators;
using Hypervisor.Tool.Setup;

namespace Hypervisor.Tool.Commands;

/// <summary>Options that more than one command has.</summary>
public static class CommonOptions
{
    /// <summary>What runs the machine.</summary>
    public static Option<EmulatorKind> On()
    {
        return new Option<EmulatorKind>("--on")
        {
            Description = "What runs the machine: qemu emulates AMD-V, bochs Intel VT-x, vmware hands on the host's",
            DefaultValueFactory = _ => EmulatorKind.Qemu,
        };
    }

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
