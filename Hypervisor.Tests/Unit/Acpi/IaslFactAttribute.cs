using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.Setup;
using Xunit;

namespace Hypervisor.Tests.Unit.Acpi;

/// <summary>A test that compiles byte code with ACPICA's compiler; skipped, with the reason, where that is missing.</summary>
public sealed class IaslFactAttribute : FactAttribute
{
    public IaslFactAttribute()
    {
        Skip = HostProcess.Find(HostTools.Iasl) is null ? $"Not on this host: {HostTools.Iasl} (package acpica-tools); './hv setup' installs it." : null;
    }
}
