using System;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.Images;
using Xunit;

namespace Hypervisor.Tests.Unit.Tool;

public sealed class LaunchListTests
{
    [Fact]
    public void A_bare_boot_loads_nothing()
    {
        string list = LaunchList.Linux([], loadHypervisor: false, "nokaslr");
        Assert.StartsWith(@"\vmlinuz.efi initrd=\initrd.img", list, StringComparison.Ordinal);
        Assert.DoesNotContain("hv.efi", list, StringComparison.Ordinal);
    }

    [Fact]
    public void The_hypervisor_is_required_and_comes_first()
    {
        Assert.StartsWith("!\\hv.efi\n", LaunchList.Linux([], loadHypervisor: true, string.Empty), StringComparison.Ordinal);
    }

    [Fact]
    public void The_machine_powers_off_behind_a_program()
    {
        Assert.Equal("\\probe.efi stress 5\noff\n", LaunchList.Program([], loadHypervisor: false, "probe.efi", "stress 5"));
        Assert.Equal("\\probe.efi\noff\n", LaunchList.Program([], loadHypervisor: false, "probe.efi", string.Empty));
    }

    [Fact]
    public void What_the_firmware_lacks_comes_before_the_hypervisor()
    {
        Assert.Equal(
            "!\\acpi.efi\n!\\hv.efi\n\\probe.efi\noff\n", LaunchList.Program(["acpi.efi"], loadHypervisor: true, "probe.efi", string.Empty));
    }

    [Theory]
    [InlineData("a\nb")]
    [InlineData("ä")]
    public void What_the_launcher_cannot_read_is_refused(string options)
    {
        Assert.Throws<HvException>(() => LaunchList.Program([], loadHypervisor: false, "probe.efi", options));
    }
}
