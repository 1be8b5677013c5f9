using System.Collections.Generic;
using System.Linq;
using System.Text;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tool.Images;

/// <summary>Writes the scripts of the UEFI Shell that bring the guest up.</summary>
public static class BootScripts
{
    /// <summary>The script the Shell starts by itself.</summary>
    public const string StartupPath = "startup.nsh";

    /// <summary>The script that boots Linux.</summary>
    public const string LinuxPath = "linux.nsh";

    /// <summary>The kernel on the disk.</summary>
    public const string KernelPath = "vmlinuz.efi";

    /// <summary>The initramfs on the disk.</summary>
    public const string InitramfsPath = "initrd.img";

    /// <summary>The further segment of the initramfs on the disk.</summary>
    public const string OverlayPath = "overlay.img";

    /// <summary>The hypervisor on the disk.</summary>
    public const string HypervisorPath = "hv.efi";

    /// <summary>The hypervisor's configuration on the disk.</summary>
    public const string ConfigurationPath = "hv.cfg";

    /// <summary>The program that talks to the hypervisor, on the disk.</summary>
    public const string ControlPath = "hvctl.efi";

    // What the Shell gives a meaning of its own on a command line.
    private const string ShellSpecialCharacters = "#%|<>^\"";
    private const string LineEnd = "\r\n";

    /// <summary>The script that boots Linux with a kernel command line.</summary>
    public static string Linux(string kernelArguments)
    {
        if (kernelArguments.Any(character => ShellSpecialCharacters.Contains(character) || char.IsControl(character)))
        {
            throw new HvException(
                $"Kernel arguments may not contain any of {ShellSpecialCharacters} or control characters: they are the UEFI Shell's.");
        }

        return Script($@"fs0:\{KernelPath} initrd=\{InitramfsPath} initrd=\{OverlayPath} {kernelArguments}");
    }

    /// <summary>The start-up script.</summary>
    /// <param name="firmwarePrograms">Programs on the disk to run before anything else.</param>
    /// <param name="loadHypervisor">Whether to load the hypervisor first.</param>
    /// <param name="bootLinux">Whether to boot Linux then; otherwise the Shell's prompt follows.</param>
    public static string Startup(IEnumerable<string> firmwarePrograms, bool loadHypervisor, bool bootLinux)
    {
        StringBuilder script = new(Script("@echo -off", "fs0:"));
        script.Append(Script([.. firmwarePrograms.Select(program => $@"fs0:\{program}")]));
        if (loadHypervisor)
        {
            // Going on without it would pass off a bare machine as one behind the hypervisor.
            script.Append(Script(
                $@"load fs0:\{HypervisorPath}",
                "if not %lasterror% == 0 then",
                $"  echo {GuestMarkers.NotLoaded}",
                bootLinux ? "  reset -s" : "  exit /b",
                "endif"));
        }

        script.Append(bootLinux
            ? Script($@"fs0:\{LinuxPath}", "reset -s")
            : Script($"echo Type load {HypervisorPath} for the hypervisor, {LinuxPath} for Linux."));
        return script.ToString();
    }

    private static string Script(params string[] lines)
    {
        return string.Concat(lines.Select(line => line + LineEnd));
    }
}
