using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Compression;
using System.Linq;
using System.Text;
using Hypervisor.Tool.Setup;

namespace Hypervisor.Tool.Images;

/// <summary>Makes the guest's user space: BusyBox, the kernel modules it wants, and an init script.</summary>
public static class Initramfs
{
    /// <summary>The script that init runs instead of giving a prompt.</summary>
    public const string CommandPath = "hv-cmd";

    /// <summary>The program that talks to the hypervisor.</summary>
    public const string ControlPath = "bin/hvctl";

    /// <summary>The secret of the hypervisor, for the guest's shell.</summary>
    public const string SecretPath = "hv-secret";

    private const string InitResource = "Hypervisor.Tool.Images.init.sh";
    private const string ModuleFolder = "lib/modules";
    private const uint ConsoleMajor = 5;
    private const uint ConsoleMinor = 1;
    private const int SegmentAlignment = 512;

    /// <summary>The base initramfs, the same for every run.</summary>
    public static byte[] Build(GuestParts parts)
    {
        KernelModules modules = new(parts.Kernel.ModuleFolder);
        IReadOnlyList<string> inOrder = modules.Resolve(parts.Kernel.WantedModules);
        string loadOrder = string.Concat(inOrder.Select(file => Path.GetFileName(file) + '\n'));
        List<GuestFile> files =
        [
            GuestFile.FromText("init", ReadInit(), executable: true),
            GuestFile.FromHost("bin/busybox", parts.BusyBox, executable: true),
            GuestFile.FromText($"{ModuleFolder}/load-order", loadOrder),
            .. inOrder.Select(file => GuestFile.FromHost($"{ModuleFolder}/{Path.GetFileName(file)}", file)),
        ];
        return Pack(files, archive =>
        {
            archive.AddSymbolicLink("bin/sh", "busybox");
            // The kernel opens it before init can mount anything.
            archive.AddCharacterDevice("dev/console", ConsoleMajor, ConsoleMinor);
        });
    }

    /// <summary>A further segment that the boot loader appends to the base: the kernel unpacks one after the other.</summary>
    public static byte[] BuildOverlay(IEnumerable<GuestFile> files)
    {
        return Pack(files, _ => { });
    }

    private static byte[] Pack(IEnumerable<GuestFile> files, Action<CpioArchive> addSpecial)
    {
        using MemoryStream output = new();
        using (GZipStream compressed = new(output, CompressionLevel.Fastest, leaveOpen: true))
        {
            CpioArchive archive = new(compressed);
            foreach (GuestFile file in files)
            {
                archive.AddFile(file.Path, file.Content, file.Executable);
            }

            addSpecial(archive);
            archive.Finish();
        }

        // The kernel skips zeroes between segments, and wants the next one aligned.
        output.SetLength((output.Length + SegmentAlignment - 1) / SegmentAlignment * SegmentAlignment);
        return output.ToArray();
    }

    private static string ReadInit()
    {
        using Stream resource = typeof(Initramfs).Assembly.GetManifestResourceStream(InitResource)
            ?? throw new InvalidOperationException($"The resource {InitResource} is missing from the build.");
        using StreamReader reader = new(resource, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
