using System;
using System.IO;
using System.Linq;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.Images;
using Xunit;

namespace Hypervisor.Tests.Unit.Tool;

public sealed class KernelModulesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hv-test-").FullName;

    public KernelModulesTests()
    {
        Write("kernel/fs/fat/vfat.ko", "fat");
        Write("kernel/fs/fat/fat.ko", string.Empty);
        Write("kernel/usb/xhci-pci.ko", "usbcore,xhci-hcd");
        Write("kernel/usb/xhci-hcd.ko", "usbcore");
        File.WriteAllText(Path.Combine(_folder, "modules.builtin"), "kernel/usb/usbcore.ko\n");
    }

    [Fact]
    public void What_a_module_depends_on_comes_first_and_once()
    {
        Assert.Equal(["fat.ko", "vfat.ko", "xhci-hcd.ko", "xhci-pci.ko"], Resolve("vfat", "xhci_pci", "fat"));
    }

    [Fact]
    public void What_is_built_in_needs_no_module()
    {
        Assert.Empty(Resolve("usbcore"));
    }

    [Fact]
    public void An_unknown_module_is_named()
    {
        Assert.Contains("'nonesuch'", Assert.Throws<HvException>(() => Resolve("nonesuch")).Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
    }

    private string[] Resolve(params string[] names)
    {
        return [.. new KernelModules(_folder).Resolve(names).Select(file => Path.GetFileName(file))];
    }

    private void Write(string path, string depends)
    {
        string file = Path.Combine(_folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, $"ELF\0license=GPL\0depends={depends}\0name=x\0");
    }
}
