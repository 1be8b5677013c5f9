using System.IO;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tool.Setup;

/// <summary>What a Linux guest is made of.</summary>
/// <param name="Kernel">The kernel and its modules.</param>
/// <param name="BusyBox">The statically linked program that is the whole user space.</param>
public sealed record GuestParts(GuestKernel Kernel, string BusyBox)
{
    private const string BusyBoxPackage = "busybox-static";
    private const string FileSystemCheckPackage = "e2fsck-static";

    /// <summary>The parts; fetched the first time.</summary>
    public static GuestParts Get(Workspace workspace, KernelFlavor flavor)
    {
        PackageCache packages = CacheOf(workspace);
        return new GuestParts(GuestKernel.Get(packages, flavor), BusyBoxIn(packages.Get(BusyBoxPackage)));
    }

    /// <summary>The parts if they were fetched before, else null.</summary>
    public static GuestParts? Find(Workspace workspace, KernelFlavor flavor)
    {
        PackageCache packages = CacheOf(workspace);
        return GuestKernel.Find(packages, flavor) is GuestKernel kernel && packages.Find(BusyBoxPackage) is string tree
            ? new GuestParts(kernel, BusyBoxIn(tree))
            : null;
    }

    /// <summary>The checker of file systems that tests put into guests, statically linked; fetched the first time.</summary>
    public static string GetFileSystemCheck(Workspace workspace) => FileSystemCheckIn(CacheOf(workspace).Get(FileSystemCheckPackage));

    /// <summary>The same if it was fetched before, else null.</summary>
    public static string? FindFileSystemCheck(Workspace workspace) => CacheOf(workspace).Find(FileSystemCheckPackage) is string tree ? FileSystemCheckIn(tree) : null;

    private static string FileSystemCheckIn(string tree) => Path.Combine(tree, "sbin", "e2fsck.static");

    private static PackageCache CacheOf(Workspace workspace)
    {
        return new PackageCache(Path.Combine(workspace.Cache, "packages"));
    }

    private static string BusyBoxIn(string tree)
    {
        return Path.Combine(tree, "bin", "busybox");
    }
}
