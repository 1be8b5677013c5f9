using System.CommandLine;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.Setup;

namespace Hypervisor.Tool.Commands;

/// <summary>hv build: makes the hypervisor's image and the program that talks to it.</summary>
public static class BuildCommand
{
    /// <summary>Describes the command.</summary>
    public static Command Create(Workspace workspace)
    {
        Command command = new("build", "Build artifacts/hv.efi, hvctl.efi and hvctl");
        command.SetAction(_ =>
        {
            // The linker is one of them.
            HostTools.EnsureInstalled();
            HypervisorBuild.Run(workspace);
            return ExitCodes.Success;
        });
        return command;
    }
}
