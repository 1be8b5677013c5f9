using System;
using System.IO;
using System.Runtime.InteropServices;
using Hypervisor.Tool.Hosting;
using Xunit;

namespace Hypervisor.Tests.Unit.Control;

/// <summary>A test that runs hvctl on this host; skipped, with the reason, where that cannot be.</summary>
public sealed class ControlFactAttribute : FactAttribute
{
    public ControlFactAttribute()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.OSArchitecture != Architecture.X64)
        {
            Skip = "The program is for Linux on x64.";
        }
        else if (!File.Exists(Workspace.Find().ControlForLinux))
        {
            Skip = "hvctl was not built yet; './hv build' does it.";
        }
    }
}
