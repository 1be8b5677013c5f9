using System.IO;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tool.Setup;

/// <summary>What a Linux guest is made of.</summary>
/// <param name="Kernel">The kernel and its modules.</param>
/// <param name="BusyBox">The statically linked program that is the whole user space.</param>
public sealed record GuestParts(GuestKernel Kernel, string BusyBox)
{
    private const string BusyBoxPackage = "busybox-static";

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

    /// <summary>The file system checker for tests, statically linked; fetched the first time.</summary>
    public static string GetFileSystemCheck(Workspace workspace) => Path.Combine(CacheOf(workspace).Get("e2fsck-static"), "sbin", "e2fsck.static");

    private static PackageCache CacheOf(Workspace workspace)
    {
        return new PackageCache(Path.Combine(workspace.Cache, "packages"));
    }

    private static string BusyBoxIn(string tree)
    {
        return Path.Combine(tree, "bin", "busybox");
    }
}
