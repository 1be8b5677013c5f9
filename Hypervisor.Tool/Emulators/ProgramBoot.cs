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
    public static Machine Prepare(Workspace workspace, ProgramBootOptions options)
    {
        List<GuestFile> files = DiskFiles(workspace, options);
        RunFolder folder = RunFolder.Create(workspace.Runs, options.Name);
        try
        {
            FatImage.Create(folder.Disk, DiskBytes).Add(files);
            return options.Machine.Create(folder);
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
        FirmwarePrograms firmware = new(options.Machine.FirmwarePrograms(workspace));
        string list = LaunchList.Program(firmware.Names, options.Hypervisor is not null, program, options.Arguments);
        List<GuestFile> files =
        [
            .. firmware.Files,
            GuestFile.FromHost(LaunchList.LauncherPath, workspace.Launcher),
            GuestFile.FromText(LaunchList.ListPath, list),
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
