using System.CommandLine;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.ImageBuild;

namespace Hypervisor.Tool.Commands;

/// <summary>The hv command and the list of what it can do.</summary>
public static class HvRootCommand
{
    /// <summary>Describes the command line.</summary>
    public static RootCommand Create(Workspace workspace)
    {
        return new RootCommand("The workbench of hv, a thin UEFI hypervisor")
        {
            BuildCommand.Create(workspace),
            RunCommand.Create(workspace),
            ProbeCommand.Create(workspace),
            TestCommand.Create(workspace),
            BenchCommand.Create(workspace),
            SetupCommand.Create(workspace),
            AcpiCommand.Create(),
            CheckConfigurationCommand.Create(),
            HashPasswordCommand.Create(),
            DiskKeyCommand.Create(),
            ImageCommand.Create(),
        };
    }
}
