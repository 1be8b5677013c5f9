using System.Linq;
using Hypervisor.Tool.Emulators;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.Setup;
using Xunit;

namespace Hypervisor.Tests.Emulators;

/// <summary>A test that runs a Linux guest with drives in QEMU; skipped, with the reason, where something for that is missing.</summary>
public sealed class DriveFactAttribute : FactAttribute
{
    public DriveFactAttribute()
    {
        if (HostTools.MissingFor(EmulatorKind.Qemu) is { Count: > 0 } missing)
        {
            Skip = $"Not on this host: {string.Join(", ", missing.Select(tool => tool.Probe))}; './hv setup' installs it.";
        }
        else if (GuestParts.Find(Workspace.Find(), KernelFlavor.Generic) is null || GuestParts.FindFileSystemCheck(Workspace.Find()) is null)
        {
            Skip = "The kernel with drivers for drives, or e2fsck, was not fetched yet; './hv test' does it.";
        }
    }
}
