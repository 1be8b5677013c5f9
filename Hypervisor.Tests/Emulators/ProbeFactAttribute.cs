using System;
using System.IO;
using System.Linq;
using Hypervisor.Tool.Emulators;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.Setup;
using Xunit;

namespace Hypervisor.Tests.Emulators;

/// <summary>A test that runs the probe in QEMU; skipped, with the reason, where something for that is missing.</summary>
public sealed class ProbeFactAttribute : FactAttribute
{
    private bool _hypervisor;

    public ProbeFactAttribute()
    {
        Skip = FindReason(Workspace.Find(), hypervisor: false);
    }

    /// <summary>Whether the test needs the hypervisor's image.</summary>
    public bool Hypervisor
    {
        get => _hypervisor;
        set
        {
            _hypervisor = value;
            Skip = FindReason(Workspace.Find(), value);
        }
    }

    private static string? FindReason(Workspace workspace, bool hypervisor)
    {
        if (HostTools.MissingFor(EmulatorKind.Qemu) is { Count: > 0 } missing)
        {
            return $"Not on this host: {string.Join(", ", missing.Select(tool => tool.Probe))}; './hv setup' installs it.";
        }

        string[] needed = [workspace.Launcher, workspace.Probe, .. hypervisor ? [workspace.HypervisorImage] : Array.Empty<string>()];
        return Array.Find(needed, file => !File.Exists(file)) is string absent
            ? $"{absent} was not built yet; 'dotnet build hv.sln' does it."
            : null;
    }
}
