using System.Collections.Generic;
using System.IO;
using System.Linq;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.Images;

namespace Hypervisor.Tool.Emulators;

/// <summary>The EFI programs that a machine runs before anything else, on its disk.</summary>
public sealed class FirmwarePrograms
{
    /// <summary>Takes the programs from the host.</summary>
    public FirmwarePrograms(IReadOnlyList<string> images)
    {
        Names = [.. images.Select(image => Path.GetFileName(image))];
        Files = [.. images.Select(image => File.Exists(image)
            ? GuestFile.FromHost(Path.GetFileName(image), image)
            : throw new HvException($"The program {image} was not built."))];
    }

    /// <summary>Their names on the disk.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The programs as files for the disk.</summary>
    public IReadOnlyList<GuestFile> Files { get; }
}
