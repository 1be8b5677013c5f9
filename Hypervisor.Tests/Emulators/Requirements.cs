using System;
using System.IO;
using System.Linq;
using Hypervisor.Tool.Emulators;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.Setup;

namespace Hypervisor.Tests.Emulators;

/// <summary>What tests on emulators need. Each question answers null, or what is missing and which command brings it: the reason of a skip.</summary>
internal static class Requirements
{
    private static readonly Workspace _workspace = Workspace.Find();

    /// <summary>An emulator and its firmware.</summary>
    internal static string? Emulator(EmulatorKind kind) => HostTools.MissingFor(kind) is { Count: > 0 } missing
        ? $"Not on this host: {string.Join(", ", missing.Select(tool => tool.Probe))}; './hv setup' installs it."
        : null;

    /// <summary>A guest's kernel and user space.</summary>
    internal static string? Guest(KernelFlavor flavor) => GuestParts.Find(_workspace, flavor) is null
        ? $"The guest's kernel ({flavor}) and user space were not fetched yet; './hv test' does it."
        : null;

    /// <summary>A program of the guest's for checking file systems.</summary>
    internal static string? FileSystemCheck() => GuestParts.FindFileSystemCheck(_workspace) is null ? "e2fsck was not fetched yet; './hv test' does it." : null;

    /// <summary>Programs of this repository.</summary>
    internal static string? Built(params Func<Workspace, string>[] programs) => programs.Select(program => program(_workspace)).FirstOrDefault(file => !File.Exists(file)) is string absent
        ? $"{absent} was not built yet; 'dotnet build hv.sln' does it."
        : null;

    /// <summary>The hypervisor, where a test needs it.</summary>
    internal static string? Hypervisor(bool isNeeded) => isNeeded ? Built(w => w.HypervisorImage) : null;
}
