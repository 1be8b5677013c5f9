using System.CommandLine;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.Image;

namespace Hypervisor.Tool.Commands;

/// <summary>The hv command and the list of what it can do.</summary>
public static class HvRootCommand
{
    /// <summary>Describes the command line.</summary>
    public static RootCommand Create(Workspace workspace)
    {
        // For MSBuild, not for people.
        Command image = ImageCommand.Create();
        image.Hidden = true;
        return new RootCommand("The workbench of hv, a thin UEFI hypervisor")
        {
            BuildCommand.Create(workspace),
            RunCommand.Create(workspace),
            TestCommand.Create(workspace),
            SetupCommand.Create(workspace),
            image,
        };
    }
}
