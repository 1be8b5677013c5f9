using System.Linq;
using Hypervisor.Tool.Emulators;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.Setup;
using Xunit;

namespace Hypervisor.Tests.Emulators;

/// <summary>A test that runs a Linux guest in QEMU; skipped, with the reason, where something for that is missing.</summary>
public sealed class EmulatorFactAttribute : FactAttribute
{
    private static readonly string? _reason = FindReason();

    public EmulatorFactAttribute()
    {
        Skip = _reason;
    }

    private static string? FindReason()
    {
        if (HostTools.MissingFor(EmulatorKind.Qemu) is { Count: > 0 } missing)
        {
            return $"Not on this host: {string.Join(", ", missing.Select(tool => tool.Probe))}; './hv setup' installs it.";
        }

        return GuestParts.Find(Workspace.Find(), KernelFlavor.Cloud) is null
            ? "The guest's kernel and user space were not fetched yet; './hv setup' does it."
            : null;
    }
}
