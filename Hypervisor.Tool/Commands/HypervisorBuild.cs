using System.Globalization;
using System.IO;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tool.Commands;

/// <summary>Makes the hypervisor's image through MSBuild, which knows what has to be made again.</summary>
public static class HypervisorBuild
{
    private const int BytesPerKiB = 1024;

    /// <summary>Builds the image and the program that talks to it, and says how large they are.</summary>
    public static void Run(Workspace workspace)
    {
        if (!File.Exists(workspace.ImageProject))
        {
            throw new HvException(
                $"There is no project {workspace.ImageProject} to build hv.efi from; use --bare or --efi FILE to run without it.");
        }

        Terminal.Step("Building hv.efi and hvctl", () =>
        {
            Build(workspace.ImageProject);
            Build(workspace.ControlProject);
        });
        if (!File.Exists(workspace.HypervisorImage))
        {
            throw new HvException($"The build succeeded but made no {workspace.HypervisorImage}.");
        }

        foreach (string product in (string[])[workspace.HypervisorImage, workspace.ControlForShell, workspace.ControlForLinux])
        {
            double size = new FileInfo(product).Length / (double)BytesPerKiB;
            Terminal.Note(string.Create(CultureInfo.InvariantCulture, $"{product}: {size:F1} KiB"));
        }
    }

    /// <summary>Builds the programs that machines boot by, the launcher and the one for Bochs' ACPI tables, and the one that talks to the hypervisor.</summary>
    public static void EnsureBootPrograms(Workspace workspace)
    {
        Terminal.Step("Building hvctl, launch.efi and acpi.efi", () =>
        {
            Build(workspace.ControlProject);
            Build(workspace.LauncherProject);
            Build(workspace.AcpiTablesProject);
        });
    }

    /// <summary>Builds the programs that machines boot by, and the probe.</summary>
    public static void EnsureGuestPrograms(Workspace workspace)
    {
        EnsureBootPrograms(workspace);
        Terminal.Step("Building probe.efi", () => Build(workspace.ProbeProject));
    }

    /// <summary>Builds the whole solution: libraries, tests, hv.efi and the guest programs.</summary>
    public static void BuildAll(Workspace workspace) => Build(workspace.Solution);

    /// <summary>Builds the benchmark's guest program.</summary>
    public static void BuildBenchmark(Workspace workspace) => Terminal.Step("Building bench.efi", () => Build(workspace.BenchmarkProject));

    private static void Build(string project)
    {
        ProcessResult result = HostProcess.Run("dotnet", "build", project, "-nologo", "-v", "quiet", "-clp:NoSummary");
        if (!result.Succeeded)
        {
            throw new HvException($"{project} could not be built:\n{result.Output.Trim()}\n{result.Error.Trim()}".TrimEnd());
        }
    }
}
