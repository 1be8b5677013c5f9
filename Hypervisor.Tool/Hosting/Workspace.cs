using System;
using System.IO;

namespace Hypervisor.Tool.Hosting;

/// <summary>Where things are: the source tree, what is built from it, and the cache outside of it.</summary>
public sealed class Workspace
{
    private const string SolutionFile = "hv.sln";
    private const string CacheName = "hv";

    /// <summary>Creates the workspace around a source tree and a cache folder.</summary>
    public Workspace(string root, string cache)
    {
        Root = root;
        Cache = cache;
    }

    /// <summary>The root of the source tree, where the solution is.</summary>
    public string Root { get; }

    /// <summary>The user's cache folder: downloads and disk images that are costly to make, shared by all source trees.</summary>
    public string Cache { get; }

    /// <summary>Everything that is built for people to use.</summary>
    public string Artifacts => Path.Combine(Root, "artifacts");

    /// <summary>The hypervisor image.</summary>
    public string HypervisorImage => Path.Combine(Artifacts, "hv.efi");

    /// <summary>The EFI program that runs a list of images instead of the UEFI Shell; without it the Shell's scripts do.</summary>
    public string Launcher => Path.Combine(Artifacts, "launch.efi");

    /// <summary>The program that talks to the hypervisor, for the UEFI Shell.</summary>
    public string ControlForShell => Path.Combine(Artifacts, "hvctl.efi");

    /// <summary>The same program for Linux.</summary>
    public string ControlForLinux => Path.Combine(Artifacts, "hvctl");

    /// <summary>The EFI program of checks that must end the same bare and behind the hypervisor.</summary>
    public string Probe => Path.Combine(Artifacts, "probe.efi");

    /// <summary>The EFI program that publishes ACPI tables for Bochs' machine.</summary>
    public string AcpiTables => Path.Combine(Artifacts, "acpi.efi");

    /// <summary>The EFI program that measures what instructions cost.</summary>
    public string Benchmark => Path.Combine(Artifacts, "bench.efi");

    /// <summary>The project that makes <see cref="Benchmark"/>.</summary>
    public string BenchmarkProject => Path.Combine(Root, "Hypervisor.Tests", "Guests", "Bench", "Bench.csproj");

    /// <summary>One folder for each machine run, with its logs.</summary>
    public string Runs => Path.Combine(Artifacts, "runs");

    /// <summary>The result files of the tests.</summary>
    public string TestResults => Path.Combine(Artifacts, "test-results");

    /// <summary>The solution.</summary>
    public string Solution => Path.Combine(Root, SolutionFile);

    /// <summary>The project that makes <see cref="HypervisorImage"/>.</summary>
    public string ImageProject => Path.Combine(Root, "Hypervisor.Uefi", "Hypervisor.Uefi.csproj");

    /// <summary>The project that makes <see cref="ControlForShell"/> and <see cref="ControlForLinux"/>.</summary>
    public string ControlProject => Path.Combine(Root, "Hypervisor.Control", "Hypervisor.Control.csproj");

    /// <summary>The project that makes <see cref="Launcher"/>.</summary>
    public string LauncherProject => Path.Combine(Root, "Hypervisor.Tests", "Guests", "Launch", "Launch.csproj");

    /// <summary>The project that makes <see cref="Probe"/>.</summary>
    public string ProbeProject => Path.Combine(Root, "Hypervisor.Tests", "Guests", "Probe", "Probe.csproj");

    /// <summary>The project that makes <see cref="AcpiTables"/>.</summary>
    public string AcpiTablesProject => Path.Combine(Root, "Hypervisor.Tests", "Guests", "AcpiTables", "AcpiTables.csproj");

    /// <summary>Finds the source tree that this assembly was built from.</summary>
    public static Workspace Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, SolutionFile)))
            {
                return new Workspace(folder.FullName, FindCache());
            }
        }

        throw new HvException($"{SolutionFile} was not found above {AppContext.BaseDirectory}: run the tool from inside its source tree.");
    }

    private static string FindCache()
    {
        // The XDG base directory specification tells programs to ignore relative paths here.
        string? configured = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        string parent = Path.IsPathRooted(configured)
            ? configured
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        return Path.Combine(parent, CacheName);
    }
}
