using System;
using System.IO;
using System.Linq;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tool.Setup;

/// <summary>Debian packages unpacked beside the host: guest files come from here, nothing of them is installed.</summary>
public sealed class PackageCache
{
    private readonly string _folder;

    /// <summary>Creates the cache in a folder.</summary>
    public PackageCache(string folder)
    {
        _folder = folder;
    }

    /// <summary>The unpacked tree of a package; downloaded the first time, the same version ever after.</summary>
    public string Get(string package)
    {
        return Find(package) ?? Fetch(package, () => package);
    }

    /// <summary>The unpacked tree of the package that a meta-package stands for.</summary>
    public string GetBehind(string metaPackage, string prefix)
    {
        return Find(metaPackage) ?? Fetch(metaPackage, () => AptPackages.ResolveDependency(metaPackage, prefix));
    }

    /// <summary>The unpacked tree of a package if it was fetched before, else null.</summary>
    /// <remarks>The pin is what makes runs repeatable: a newer version in the archive changes nothing until the pin is deleted.</remarks>
    public string? Find(string package)
    {
        string pin = PinOf(package);
        if (!File.Exists(pin))
        {
            return null;
        }

        string tree = Path.Combine(_folder, File.ReadAllText(pin).Trim());
        return Directory.Exists(tree) ? tree : null;
    }

    private string Fetch(string requested, Func<string> resolve)
    {
        using FolderLock taken = FolderLock.Take(_folder);
        if (Find(requested) is string present)
        {
            return present;
        }

        try
        {
            return FetchOnce(requested, resolve);
        }
        catch (HvException)
        {
            // The index can be older than the archive, which keeps only the newest version of a security update.
            AptPackages.UpdateIndex();
            return FetchOnce(requested, resolve);
        }
    }

    private string FetchOnce(string requested, Func<string> resolve)
    {
        string package = resolve();
        string version = AptPackages.ResolveVersion(package);
        // A version may hold ':', which is awkward in paths that end up in colon-separated options.
        string name = $"{package}_{version.Replace(':', '+')}";
        string tree = Path.Combine(_folder, name);
        if (!Directory.Exists(tree))
        {
            Terminal.Step($"Fetching {package} {version}", () => Unpack(package, version, tree));
        }

        File.WriteAllText(PinOf(requested), name + Environment.NewLine);
        return tree;
    }

    private void Unpack(string package, string version, string tree)
    {
        string temporary = Path.Combine(_folder, $".unpacking-{Environment.ProcessId}");
        string unpacked = Path.Combine(temporary, "tree");
        Directory.CreateDirectory(temporary);
        try
        {
            AptPackages.Download(package, version, temporary);
            HostProcess.RunChecked("dpkg-deb", "-x", Directory.EnumerateFiles(temporary, "*.deb").Single(), unpacked);
            // Renamed into place at the end: a tree that exists is a tree that is complete.
            Directory.Move(unpacked, tree);
        }
        finally
        {
            Directory.Delete(temporary, recursive: true);
        }
    }

    private string PinOf(string package)
    {
        return Path.Combine(_folder, package + ".pin");
    }
}
