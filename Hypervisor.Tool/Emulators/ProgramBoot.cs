using System.Collections.Generic;
using System.IO;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.Images;

namespace Hypervisor.Tool.Emulators;

/// <summary>Prepares machines that run one EFI program, bare or behind the hypervisor, and power off.</summary>
public static class ProgramBoot
{
    private const long DiskBytes = 48L << 20;

    /// <summary>Makes a machine with its disk, ready to start.</summary>
    public static QemuMachine Prepare(Workspace workspace, ProgramBootOptions options)
    {
        List<GuestFile> files = DiskFiles(workspace, options);
        RunFolder folder = RunFolder.Create(workspace.Runs, options.Name);
        try
        {
            FatImage.Create(folder.Disk, DiskBytes).Add(files);
            return new QemuMachine(options.Machine, folder);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    private static List<GuestFile> DiskFiles(Workspace workspace, ProgramBootOptions options)
    {
        string program = Path.GetFileName(options.Program);
        List<GuestFile> files =
        [
            GuestFile.FromHost(LaunchList.LauncherPath, workspace.Launcher),
            GuestFile.FromText(LaunchList.ListPath, LaunchList.Program(options.Hypervisor is not null, program, options.Arguments)),
            GuestFile.FromHost(program, options.Program),
        ];
        if (options.Hypervisor is string hypervisor)
        {
            files.Add(GuestFile.FromHost(BootScripts.HypervisorPath, hypervisor));
        }

        if (options.Configuration is string configuration)
        {
            files.Add(GuestFile.FromHost(BootScripts.ConfigurationPath, configuration));
        }

        files.AddRange(options.DiskFiles);
        return files;
    }
}
