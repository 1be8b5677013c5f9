using System.Collections.Generic;
using System.Linq;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tool.Setup;

/// <summary>The tools of the host that the workbench needs, and their installation.</summary>
public static class HostTools
{
    /// <summary>The emulator.</summary>
    public const string Qemu = "qemu-system-x86_64";

    private static readonly IReadOnlyList<HostTool> _all =
    [
        new("qemu-system-x86", Qemu),
        new("ovmf", Firmware.Code),
        new("ovmf", Firmware.Variables),
        new("lld", "lld-link"),
        new("mtools", "mformat"),
        new("mtools", "mcopy"),
    ];

    /// <summary>What is not there yet.</summary>
    public static IReadOnlyList<HostTool> Missing => [.. _all.Where(tool => !tool.IsPresent)];

    /// <summary>Installs what is missing, and fails with a sentence if something still is afterwards.</summary>
    public static void EnsureInstalled()
    {
        IReadOnlyList<string> packages = [.. Missing.Select(tool => tool.Package).Distinct()];
        if (packages.Count == 0)
        {
            return;
        }

        AptPackages.Install(packages);
        if (Missing.Count != 0)
        {
            string names = string.Join(", ", Missing.Select(tool => $"{tool.Probe} (package {tool.Package})"));
            throw new HvException($"These are still missing after the installation: {names}.");
        }
    }
}
