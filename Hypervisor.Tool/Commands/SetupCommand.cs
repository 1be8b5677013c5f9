using System.CommandLine;
using Hypervisor.Tool.Emulators;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.Setup;

namespace Hypervisor.Tool.Commands;

/// <summary>hv setup: brings what the other commands need, and nothing else.</summary>
public static class SetupCommand
{
    /// <summary>Describes the command.</summary>
    public static Command Create(Workspace workspace)
    {
        Option<KernelFlavor> kernel = CommonOptions.Kernel();
        Command command = new("setup", "Install the tools and fetch the guest's kernel and user space") { kernel };
        command.SetAction(result =>
        {
            HostTools.EnsureInstalled(EmulatorKind.Qemu, EmulatorKind.Bochs);
            HostTools.EnsureInstalledForTests();
            GuestParts parts = GuestParts.Get(workspace, result.GetValue(kernel));
            Terminal.Note($"Ready: QEMU, Bochs, OVMF, lld and mtools are installed; the guest is Linux {parts.Kernel.Release}.");
            return ExitCodes.Success;
        });
        return command;
    }
}
