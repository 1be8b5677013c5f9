using System.IO;
using System.Text;

namespace Hypervisor.Tool.Images;

/// <summary>A file for the guest: in its initramfs or on its disk.</summary>
/// <param name="Path">Where the guest finds it, with forward slashes.</param>
/// <param name="Content">What is in it.</param>
/// <param name="Executable">Whether the guest may run it; of no meaning on a FAT disk.</param>
public sealed record GuestFile(string Path, byte[] Content, bool Executable = false)
{
    /// <summary>A file with the content of one on the host.</summary>
    public static GuestFile FromHost(string path, string source, bool executable = false)
    {
        return new GuestFile(path, File.ReadAllBytes(source), executable);
    }

    /// <summary>A text file.</summary>
    public static GuestFile FromText(string path, string text, bool executable = false)
    {
        return new GuestFile(path, Encoding.UTF8.GetBytes(text), executable);
    }
}
