using System.Collections.Generic;
using System.Linq;
using Hypervisor.Tool.Emulators;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tool.Setup;

/// <summary>The tools of the host that the workbench needs, and their installation.</summary>
public static class HostTools
{
    /// <summary>QEMU's program.</summary>
    public const string Qemu = "qemu-system-x86_64";

    /// <summary>Bochs' program.</summary>
    public const string Bochs = "bochs";

    /// <summary>The program that drives VMware.</summary>
    public const string Vmrun = "vmrun";

    /// <summary>ACPICA's compiler, with which tests make byte code.</summary>
    public const string Iasl = "iasl";

    /// <summary>Why there is no machine on VMware: it is in no Debian package.</summary>
    public const string NoVmware = "VMware's vmrun is not on this host: install VMware Workstation, which brings it.";

    private static readonly IReadOnlyList<HostTool> _common =
    [
        new("ovmf", Firmware.Code),
        new("ovmf", Firmware.Variables),
        new("lld", "lld-link"),
        new("mtools", "mformat"),
        new("mtools", "mcopy"),
    ];

    private static readonly IReadOnlyList<HostTool> _qemu = [new("qemu-system-x86", Qemu)];

    private static readonly IReadOnlyList<HostTool> _bochs =
    [
        new("bochs", Bochs),
        new("vgabios", Firmware.BochsVideo),
        new("ovmf", Firmware.BochsImage),
    ];

    private static readonly IReadOnlyList<HostTool> _tests = [new("acpica-tools", Iasl)];

    /// <summary>What is not there yet of what every command needs, and of what machines of these emulators need.</summary>
    public static IReadOnlyList<HostTool> MissingFor(params IEnumerable<EmulatorKind> emulators) =>
        [.. _common.Concat(emulators.SelectMany(Of)).Where(tool => !tool.IsPresent)];

    /// <summary>Installs what is missing, and fails with a sentence if something still is afterwards.</summary>
    public static void EnsureInstalled(params IReadOnlyList<EmulatorKind> emulators)
    {
        if (emulators.Contains(EmulatorKind.Vmware) && HostProcess.Find(Vmrun) is null)
        {
            throw new HvException(NoVmware);
        }

        Install([.. _common, .. emulators.SelectMany(Of)]);
    }

    /// <summary>Installs what tests use beyond that; without it they are skipped.</summary>
    public static void EnsureInstalledForTests() => Install(_tests);

    private static void Install(IReadOnlyList<HostTool> tools)
    {
        IReadOnlyList<string> packages = [.. tools.Where(tool => !tool.IsPresent).Select(tool => tool.Package).Distinct()];
        if (packages.Count == 0)
        {
            return;
        }

        AptPackages.Install(packages);
        if (tools.Where(tool => !tool.IsPresent).ToList() is { Count: > 0 } missing)
        {
            string names = string.Join(", ", missing.Select(tool => $"{tool.Probe} (package {tool.Package})"));
            throw new HvException($"These are still missing after the installation: {names}.");
        }
    }

    private static IReadOnlyList<HostTool> Of(EmulatorKind emulator) => emulator switch
    {
        EmulatorKind.Qemu => _qemu,
        EmulatorKind.Bochs => _bochs,
        _ => [],
    };
}
