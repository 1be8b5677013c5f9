using System.IO;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tool.Setup;

/// <summary>A program or data file that must be on the host, and the Debian package that brings it.</summary>
/// <param name="Package">The Debian package.</param>
/// <param name="Probe">A program's name, or the absolute path of a file.</param>
public sealed record HostTool(string Package, string Probe)
{
    /// <summary>Whether it is there, from whatever source.</summary>
    public bool IsPresent => Path.IsPathRooted(Probe) ? File.Exists(Probe) : HostProcess.Find(Probe) is not null;
}
