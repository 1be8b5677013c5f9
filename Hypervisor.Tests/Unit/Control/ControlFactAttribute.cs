using System.IO;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tests.Unit.Control;

/// <summary>A test that runs hvctl on this host; skipped, with the reason, where that cannot be.</summary>
public sealed class ControlFactAttribute : LinuxFactAttribute
{
    public ControlFactAttribute()
    {
        Skip ??= File.Exists(Workspace.Find().ControlForLinux) ? null : "hvctl was not built yet; './hv build' does it.";
    }
}
