using System.Collections.Generic;
using System.Linq;
using System.Text;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tool.Images;

/// <summary>
/// Writes the list that the launcher (Hypervisor.Tests/Guests/Launch) works off: the way to run EFI images without the UEFI Shell and its
/// count-down.
/// </summary>
public static class LaunchList
{
    /// <summary>The list on the disk.</summary>
    public const string ListPath = "launch.txt";

    /// <summary>The launcher on the disk: where firmware looks on a disk that it has no boot entry for (UEFI 2.10 §3.5.1.1).</summary>
    public const string LauncherPath = "EFI/BOOT/BOOTX64.EFI";

    // The launcher's own limits.
    private const int MostListBytes = 8 * 1024;
    private const int MostLineCharacters = 2048;

    /// <summary>The list that boots Linux with a kernel command line.</summary>
    /// <param name="firmwarePrograms">Programs on the disk to run before anything else; if one fails, the machine powers off.</param>
    /// <param name="loadHypervisor">Whether to load the hypervisor first; if it does not load, the machine powers off.</param>
    /// <param name="kernelArguments">The kernel's command line besides the initramfs.</param>
    public static string Linux(IEnumerable<string> firmwarePrograms, bool loadHypervisor, string kernelArguments)
    {
        string options = $@"initrd=\{BootScripts.InitramfsPath} initrd=\{BootScripts.OverlayPath} {kernelArguments}";
        return Program(firmwarePrograms, loadHypervisor, BootScripts.KernelPath, options);
    }

    /// <summary>The list that runs one EFI program.</summary>
    /// <param name="firmwarePrograms">Programs on the disk to run before anything else; if one fails, the machine powers off.</param>
    /// <param name="loadHypervisor">Whether to load the hypervisor first; if it does not load, the machine powers off.</param>
    /// <param name="path">The program on the disk.</param>
    /// <param name="options">Its load options.</param>
    public static string Program(IEnumerable<string> firmwarePrograms, bool loadHypervisor, string path, string options)
    {
        StringBuilder list = new();
        foreach (string program in firmwarePrograms)
        {
            list.Append($"!\\{program}\n");
        }

        if (loadHypervisor)
        {
            list.Append($"!\\{BootScripts.HypervisorPath}\n");
        }

        string line = $"\\{path.Replace('/', '\\')} {options}".TrimEnd();
        if (line.Length > MostLineCharacters || line.Any(character => char.IsControl(character) || !char.IsAscii(character)))
        {
            throw new HvException($"A line for the launcher is at most {MostLineCharacters} ASCII characters without control characters.");
        }

        list.Append(line).Append("\noff\n");
        return list.Length <= MostListBytes ? list.ToString() : throw new HvException($"The launcher takes at most {MostListBytes} bytes.");
    }
}
