using System;
using System.Collections.Generic;
using System.IO;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.Setup;

namespace Hypervisor.Tool.Images;

/// <summary>Makes the disk a guest boots from.</summary>
/// <remarks>
/// The kernel and the base initramfs are large and change rarely: an image with them is kept in the cache, under a name made of their
/// content. A run gets a copy of it, with its own small files added, and may write to it.
/// </remarks>
public static class BootDisk
{
    private const long ImageBytes = 96L << 20;

    /// <summary>Makes the disk of one run.</summary>
    public static void Create(Workspace workspace, GuestParts parts, IEnumerable<GuestFile> runFiles, string path)
    {
        File.Copy(GetBase(workspace, parts), path, overwrite: true);
        FatImage.Open(path).Add(runFiles);
    }

    private static string GetBase(Workspace workspace, GuestParts parts)
    {
        List<GuestFile> files =
        [
            GuestFile.FromHost(BootScripts.KernelPath, parts.Kernel.Image),
            new GuestFile(BootScripts.InitramfsPath, Initramfs.Build(parts)),
        ];
        string folder = Path.Combine(workspace.Cache, "disks");
        string image = Path.Combine(folder, $"{parts.Kernel.Release}-{ContentKey.Of(files)}.img");
        if (File.Exists(image))
        {
            return image;
        }

        using FolderLock taken = FolderLock.Take(folder);
        if (!File.Exists(image))
        {
            Terminal.Step($"Making the base disk for Linux {parts.Kernel.Release}", () =>
            {
                DeleteOlder(folder, parts.Kernel.Release);
                string temporary = image + ".new";
                FatImage.Create(temporary, ImageBytes).Add(files);
                File.Move(temporary, image);
            });
        }

        return image;
    }

    private static void DeleteOlder(string folder, string release)
    {
        // One working day of changes to the init script would otherwise leave gigabytes behind.
        foreach (string old in Directory.EnumerateFiles(folder, $"{release}-*"))
        {
            if (File.GetLastWriteTimeUtc(old) < DateTime.UtcNow - TimeSpan.FromHours(1))
            {
                File.Delete(old);
            }
        }
    }
}
