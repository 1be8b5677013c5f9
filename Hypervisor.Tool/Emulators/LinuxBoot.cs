using System.Collections.Generic;
using System.IO;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.Images;
using Hypervisor.Tool.Setup;

namespace Hypervisor.Tool.Emulators;

/// <summary>Prepares machines that boot Linux, bare or behind the hypervisor, from one and the same kernel and user space.</summary>
public sealed class LinuxBoot
{
    // "iomem=relaxed" lets a test look at memory that the kernel does not use through /dev/mem.
    private const string CommonArguments = "console=ttyS0,115200 iomem=relaxed";
    // With no one to read a panic, the reset it ends in ends the machine.
    private const string UnattendedArguments = "panic=-1";

    private readonly Workspace _workspace;
    private readonly GuestParts _parts;

    /// <summary>Creates the maker of machines from the parts of the guest.</summary>
    public LinuxBoot(Workspace workspace, GuestParts parts)
    {
        _workspace = workspace;
        _parts = parts;
    }

    /// <summary>Makes a machine with its disk, ready to start.</summary>
    public Machine Prepare(LinuxBootOptions options)
    {
        RunFolder folder = RunFolder.Create(_workspace.Runs, options.Name);
        try
        {
            BootDisk.Create(_workspace, _parts, DiskFiles(options), folder.Disk);
            return options.Machine.Create(folder);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    private static string KernelArguments(LinuxBootOptions options)
    {
        string unattended = options.Machine.Interactive ? string.Empty : UnattendedArguments;
        return string.Join(' ', CommonArguments, options.Machine.KernelArguments, unattended, options.KernelArguments);
    }

    private static GuestFile FromHost(string path, string source, string what)
    {
        return File.Exists(source) ? GuestFile.FromHost(path, source) : throw new HvException($"{what} {source} does not exist.");
    }

    private List<GuestFile> DiskFiles(LinuxBootOptions options)
    {
        bool bootLinux = !options.StopInShell;
        FirmwarePrograms programs = new(options.Machine.FirmwarePrograms(_workspace));
        string startup = BootScripts.Startup(programs.Names, loadHypervisor: options.Hypervisor is not null && bootLinux, bootLinux);
        List<GuestFile> files =
        [
            .. programs.Files,
            GuestFile.FromText(BootScripts.StartupPath, startup),
            GuestFile.FromText(BootScripts.LinuxPath, BootScripts.Linux(KernelArguments(options))),
            new GuestFile(BootScripts.OverlayPath, Initramfs.BuildOverlay(RootFiles(options))),
        ];
        if (options.Hypervisor is string hypervisor)
        {
            files.Add(FromHost(BootScripts.HypervisorPath, hypervisor, "The hypervisor image"));
            files.Add(GuestFile.FromText(BootScripts.ConfigurationPath, options.Configuration));
        }

        if (File.Exists(_workspace.ControlForShell))
        {
            files.Add(GuestFile.FromHost(BootScripts.ControlPath, _workspace.ControlForShell));
        }

        if (bootLinux && File.Exists(_workspace.Launcher))
        {
            string list = LaunchList.Linux(programs.Names, options.Hypervisor is not null, KernelArguments(options));
            files.Add(GuestFile.FromHost(LaunchList.LauncherPath, _workspace.Launcher));
            files.Add(GuestFile.FromText(LaunchList.ListPath, list));
        }

        files.AddRange(options.DiskFiles);
        return files;
    }

    private List<GuestFile> RootFiles(LinuxBootOptions options)
    {
        List<GuestFile> files = [.. options.RootFiles];
        if (File.Exists(_workspace.ControlForLinux))
        {
            files.Add(GuestFile.FromHost(Initramfs.ControlPath, _workspace.ControlForLinux, executable: true));
        }

        if (options.Hypervisor is not null && options.Configuration == LinuxBootOptions.DefaultConfiguration)
        {
            files.Add(GuestFile.FromText(Initramfs.SecretPath, LinuxBootOptions.DefaultSecret));
        }

        if (options.Command is string command)
        {
            files.Add(GuestFile.FromText(Initramfs.CommandPath, command + '\n'));
        }

        return files;
    }
}
