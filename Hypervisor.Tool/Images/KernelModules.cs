using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tool.Images;

/// <summary>Finds kernel modules with all they depend on, in the order in which they must be inserted.</summary>
/// <remarks>
/// The package carries no modules.dep (depmod writes it on installation), so the dependencies are read from the modules themselves:
/// each has a ".modinfo" section of zero-terminated "key=value" strings with a key "depends".
/// </remarks>
public sealed class KernelModules
{
    private const string Extension = ".ko";
    private static readonly byte[] _dependsKey = Encoding.ASCII.GetBytes("\0depends=");
    private readonly Dictionary<string, string> _files;
    private readonly HashSet<string> _builtIn;

    /// <summary>Reads the list of modules under a folder such as /lib/modules/RELEASE.</summary>
    public KernelModules(string folder)
    {
        _files = Directory.EnumerateFiles(folder, "*" + Extension, SearchOption.AllDirectories).ToDictionary(NameOf);
        string builtIn = Path.Combine(folder, "modules.builtin");
        _builtIn = File.Exists(builtIn) ? [.. File.ReadLines(builtIn).Select(NameOf)] : [];
    }

    /// <summary>The files of the modules named, each after those it depends on; those built into the kernel are left out.</summary>
    public IReadOnlyList<string> Resolve(IEnumerable<string> names)
    {
        List<string> order = [];
        HashSet<string> seen = [];
        foreach (string name in names)
        {
            Visit(NameOf(name), seen, order);
        }

        return order;
    }

    private static string NameOf(string path)
    {
        // The kernel takes '-' and '_' in module names for the same; file names use both.
        string name = Path.GetFileName(path);
        return (name.EndsWith(Extension, StringComparison.Ordinal) ? name[..^Extension.Length] : name).Replace('-', '_');
    }

    private static string[] DependenciesOf(string file)
    {
        ReadOnlySpan<byte> content = File.ReadAllBytes(file);
        int key = content.IndexOf(_dependsKey);
        if (key < 0)
        {
            return [];
        }

        ReadOnlySpan<byte> value = content[(key + _dependsKey.Length)..];
        return Encoding.ASCII.GetString(value[..value.IndexOf((byte)0)]).Split(',', StringSplitOptions.RemoveEmptyEntries);
    }

    private void Visit(string name, HashSet<string> seen, List<string> order)
    {
        if (_builtIn.Contains(name) || !seen.Add(name))
        {
            return;
        }

        if (!_files.TryGetValue(name, out string? file))
        {
            throw new HvException($"The guest kernel has no module '{name}'.");
        }

        foreach (string dependency in DependenciesOf(file))
        {
            Visit(NameOf(dependency), seen, order);
        }

        order.Add(file);
    }
}
