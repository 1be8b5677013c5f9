using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tool.Setup;

/// <summary>A Linux kernel for the guest, as unpacked from its Debian package.</summary>
public sealed class GuestKernel
{
    private const string ImagePrefix = "vmlinuz-";
    private static readonly string[] _commonModules = ["msr", "cpuid", "efivarfs", "vfat", "nls_cp437", "nls_ascii"];
    private static readonly string[] _deviceModules = ["ahci", "sd_mod", "sr_mod", "isofs", "crc32c_generic", "ext4", "nvme", "xhci-pci", "usb-storage", "e1000e"];

    private GuestKernel(KernelFlavor flavor, string tree, string image)
    {
        Flavor = flavor;
        Image = image;
        Release = Path.GetFileName(image)[ImagePrefix.Length..];
        ModuleFolder = Path.Combine(tree, "lib", "modules", Release);
    }

    /// <summary>Which kernel this is.</summary>
    public KernelFlavor Flavor { get; }

    /// <summary>Its release, as uname prints it.</summary>
    public string Release { get; }

    /// <summary>The kernel image, which is an EFI program too.</summary>
    public string Image { get; }

    /// <summary>The folder of its modules.</summary>
    public string ModuleFolder { get; }

    /// <summary>The modules the guest loads at start, without what they depend on.</summary>
    public IReadOnlyList<string> WantedModules => Flavor == KernelFlavor.Generic ? [.. _commonModules, .. _deviceModules] : _commonModules;

    /// <summary>The kernel of a flavour; fetched the first time.</summary>
    public static GuestKernel Get(PackageCache packages, KernelFlavor flavor)
    {
        return Open(flavor, packages.GetBehind(MetaPackageOf(flavor), "linux-image-"));
    }

    /// <summary>The kernel of a flavour if it was fetched before, else null.</summary>
    public static GuestKernel? Find(PackageCache packages, KernelFlavor flavor)
    {
        return packages.Find(MetaPackageOf(flavor)) is string tree ? Open(flavor, tree) : null;
    }

    private static GuestKernel Open(KernelFlavor flavor, string tree)
    {
        string? image = Directory.EnumerateFiles(Path.Combine(tree, "boot"), ImagePrefix + "*").SingleOrDefault();
        return image is null
            ? throw new HvException($"{tree} holds no kernel: delete it to have it fetched again.")
            : new GuestKernel(flavor, tree, image);
    }

    private static string MetaPackageOf(KernelFlavor flavor)
    {
        return flavor switch
        {
            KernelFlavor.Cloud => "linux-image-cloud-amd64",
            KernelFlavor.Generic => "linux-image-amd64",
            _ => throw new ArgumentOutOfRangeException(nameof(flavor)),
        };
    }
}
