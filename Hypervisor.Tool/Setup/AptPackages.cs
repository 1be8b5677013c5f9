using System;
using System.Collections.Generic;
using System.Linq;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tool.Setup;

/// <summary>The package manager of Debian and its kin.</summary>
public static class AptPackages
{
    private const string AptGet = "apt-get";
    private const string AptCache = "apt-cache";
    private const string Sudo = "sudo";
    private const string DependsPrefix = "Depends: ";

    /// <summary>Installs packages on the host, as root or through sudo.</summary>
    public static void Install(IReadOnlyList<string> packages)
    {
        string names = string.Join(' ', packages);
        RequireApt($"install: {names}");
        if (!Environment.IsPrivilegedProcess && HostProcess.Find(Sudo) is null)
        {
            throw new HvException(
                $"Installing {names} needs root: run this as root, or install sudo, or ask for '{AptGet} install {names}'.");
        }

        Terminal.Note($"Installing Debian packages: {names}");
        UpdateIndexUnlessKnown(packages[0]);
        Terminal.Step($"{AptGet} install {names}", () =>
            RunAsRoot(["DEBIAN_FRONTEND=noninteractive", AptGet, "install", "-y", "-q", "--no-install-recommends", .. packages]));
    }

    /// <summary>The package of a given prefix that a meta-package depends on.</summary>
    public static string ResolveDependency(string metaPackage, string prefix)
    {
        UpdateIndexUnlessKnown(metaPackage);
        return HostProcess.RunChecked(AptCache, "depends", metaPackage)
            .Split('\n', StringSplitOptions.TrimEntries)
            .Where(line => line.StartsWith(DependsPrefix, StringComparison.Ordinal))
            .Select(line => line[DependsPrefix.Length..])
            .FirstOrDefault(name => name.StartsWith(prefix, StringComparison.Ordinal))
            ?? throw new HvException($"The Debian package {metaPackage} depends on no package named {prefix}...: is this Debian?");
    }

    /// <summary>The version of a package that would be installed now.</summary>
    public static string ResolveVersion(string package)
    {
        UpdateIndexUnlessKnown(package);
        string? version = HostProcess.RunChecked(AptCache, "show", "--no-all-versions", package)
            .Split('\n')
            .Where(line => line.StartsWith("Version: ", StringComparison.Ordinal))
            .Select(line => line["Version: ".Length..].Trim())
            .FirstOrDefault();
        return version ?? throw new HvException($"The Debian package {package} is not in the package index.");
    }

    /// <summary>Downloads a package into a folder without installing it.</summary>
    public static void Download(string package, string version, string folder)
    {
        RequireApt($"download: {package}");
        // Without "Sandbox::User=root" apt warns that its own user may not write into a private cache folder.
        HostProcess.RunChecked("env", "-C", folder, AptGet, "-q", "-o", "APT::Sandbox::User=root", "download", $"{package}={version}");
    }

    /// <summary>Refreshes the package index.</summary>
    public static void UpdateIndex()
    {
        RequireApt("refresh the package index");
        Terminal.Step($"{AptGet} update", () => RunAsRoot(AptGet, "update", "-q"));
    }

    private static void UpdateIndexUnlessKnown(string package)
    {
        RequireApt($"find: {package}");
        // A fresh container image comes with an empty index.
        if (!HostProcess.Run(AptCache, "show", package).Succeeded)
        {
            UpdateIndex();
        }
    }

    private static void RunAsRoot(params IReadOnlyList<string> command)
    {
        if (Environment.IsPrivilegedProcess)
        {
            HostProcess.RunChecked("env", command);
        }
        else
        {
            HostProcess.RunChecked(Sudo, ["env", .. command]);
        }
    }

    private static void RequireApt(string purpose)
    {
        if (HostProcess.Find(AptGet) is null || HostProcess.Find(AptCache) is null)
        {
            throw new HvException($"This host has no {AptGet}; it is needed to {purpose}. Use Debian or Ubuntu, or provide it by hand.");
        }
    }
}
