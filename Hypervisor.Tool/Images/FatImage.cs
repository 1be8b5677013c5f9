using System.Collections.Generic;
using System.Globalization;
using System.IO;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tool.Images;

/// <summary>A disk image with a FAT file system and no partition table, which UEFI takes as it is; made with mtools.</summary>
public sealed class FatImage
{
    private const int SectorBytes = 512;

    private FatImage(string path)
    {
        Path = path;
    }

    /// <summary>The image file.</summary>
    public string Path { get; }

    /// <summary>Creates an empty image.</summary>
    public static FatImage Create(string path, long bytes)
    {
        using (FileStream file = new(path, FileMode.Create))
        {
            file.SetLength(bytes);
        }

        string sectors = (bytes / SectorBytes).ToString(CultureInfo.InvariantCulture);
        HostProcess.RunChecked("mformat", "-i", path, "-v", "HV", "-F", "-T", sectors, "::");
        return new FatImage(path);
    }

    /// <summary>Opens an image that is there.</summary>
    public static FatImage Open(string path)
    {
        return new FatImage(path);
    }

    /// <summary>Copies files into the image, over those of the same name.</summary>
    public void Add(IEnumerable<GuestFile> files)
    {
        foreach (GuestFile file in files)
        {
            string source = System.IO.Path.GetTempFileName();
            try
            {
                File.WriteAllBytes(source, file.Content);
                CreateFolders(file.Path);
                HostProcess.RunChecked("mcopy", "-i", Path, "-o", source, "::/" + file.Path);
            }
            finally
            {
                File.Delete(source);
            }
        }
    }

    /// <summary>Reads a file out of the image, for what a guest left there.</summary>
    public byte[] Read(string path)
    {
        string target = System.IO.Path.GetTempFileName();
        try
        {
            HostProcess.RunChecked("mcopy", "-i", Path, "-n", "-o", "::/" + path, target);
            return File.ReadAllBytes(target);
        }
        finally
        {
            File.Delete(target);
        }
    }

    private void CreateFolders(string path)
    {
        for (int slash = path.IndexOf('/'); slash >= 0; slash = path.IndexOf('/', slash + 1))
        {
            string folder = "::/" + path[..slash];
            if (!HostProcess.Run("mdir", "-i", Path, "-b", folder).Succeeded)
            {
                HostProcess.RunChecked("mmd", "-i", Path, folder);
            }
        }
    }
}
