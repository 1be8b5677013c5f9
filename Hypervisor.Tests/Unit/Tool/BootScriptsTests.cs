using System;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.Images;
using Xunit;

namespace Hypervisor.Tests.Unit.Tool;

public sealed class BootScriptsTests
{
    [Fact]
    public void A_bare_boot_loads_nothing()
    {
        Assert.DoesNotContain("load ", BootScripts.Startup([], loadHypervisor: false, bootLinux: true), StringComparison.Ordinal);
    }

    [Fact]
    public void A_hypervisor_that_does_not_load_does_not_pass_for_a_bare_machine()
    {
        string script = BootScripts.Startup([], loadHypervisor: true, bootLinux: true);
        int load = script.IndexOf(@"load fs0:\hv.efi", StringComparison.Ordinal);
        int check = script.IndexOf(GuestMarkers.NotLoaded, StringComparison.Ordinal);
        int linux = script.IndexOf(BootScripts.LinuxPath, StringComparison.Ordinal);
        Assert.True(load >= 0 && load < check && check < linux, script);
    }

    [Fact]
    public void What_the_firmware_lacks_comes_before_the_hypervisor()
    {
        string script = BootScripts.Startup(["acpi.efi"], loadHypervisor: true, bootLinux: true);
        int tables = script.IndexOf(@"fs0:\acpi.efi", StringComparison.Ordinal);
        Assert.InRange(tables, 0, script.IndexOf(@"load fs0:\hv.efi", StringComparison.Ordinal));
    }

    [Fact]
    public void Kernel_arguments_that_the_shell_would_change_are_refused()
    {
        Assert.Throws<HvException>(() => BootScripts.Linux("init=/bin/sh # no"));
        Assert.Contains("nokaslr", BootScripts.Linux("nokaslr"), StringComparison.Ordinal);
    }
}
