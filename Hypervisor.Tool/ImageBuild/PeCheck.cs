using System.Collections.Generic;
using System.Linq;

namespace Hypervisor.Tool.ImageBuild;

/// <summary>The headers of the image say what the firmware and the host's own loader count on.</summary>
public static class PeCheck
{
    private const ushort RelocationsStripped = 0x0001;
    private const ushort NxCompatible = 0x0100;
    private const ushort DynamicBase = 0x0040;
    private const uint PageSize = 0x1000;

    /// <summary>Nothing links these into an image for firmware: it has no other images to import from, and no threads.</summary>
    private static readonly PeDirectory[] s_forbidden =
        [PeDirectory.Import, PeDirectory.ImportAddress, PeDirectory.DelayImport, PeDirectory.ThreadLocalStorage];

    /// <summary>What is wrong, a sentence each.</summary>
    public static IEnumerable<string> Run(PeImage image, ImageRules rules) =>
        [.. Headers(image, rules), .. Directories(image), .. Sections(image)];

    private static IEnumerable<string> Headers(PeImage image, ImageRules rules)
    {
        if (image.Machine != PeImage.MachineAmd64)
        {
            yield return $"the machine is {image.Machine:X4}h; it must be AMD64, {PeImage.MachineAmd64:X4}h";
        }

        if (image.Subsystem != rules.Subsystem)
        {
            yield return $"the subsystem is {(ushort)image.Subsystem}; it must be {(ushort)rules.Subsystem} ({rules.Subsystem})";
        }

        if (image.SectionAlignment != PageSize)
        {
            yield return $"sections are aligned to {image.SectionAlignment:X}h; "
                + $"it must be {PageSize:X}h, a page, to protect each for itself";
        }

        if ((image.DllCharacteristics & NxCompatible) == 0)
        {
            yield return $"DLL characteristics are {image.DllCharacteristics:X4}h; NX_COMPAT, {NxCompatible:X4}h, must be among them";
        }

        if (!image.Sections.Any(s => s.IsExecutable && s.Contains(image.EntryPoint)))
        {
            yield return $"the entry point {image.EntryPoint:X}h is in no executable section; it must be";
        }
    }

    private static IEnumerable<string> Directories(PeImage image)
    {
        bool movable = (image.Characteristics & RelocationsStripped) == 0 && (image.DllCharacteristics & DynamicBase) != 0;
        if (!movable || image.Directory(PeDirectory.BaseRelocation).Size == 0)
        {
            yield return "the base relocations are stripped; they must be there, the host moves its image to a private copy";
        }

        foreach (PeDirectory directory in s_forbidden)
        {
            (uint address, uint size) = image.Directory(directory);
            if (size != 0)
            {
                yield return $"there is a data directory {directory} at {address:X}h, {size} bytes; none is allowed";
            }
        }
    }

    private static IEnumerable<string> Sections(PeImage image)
    {
        foreach (PeSection section in image.Sections)
        {
            if (section.IsWritable && section.IsExecutable)
            {
                yield return $"section {section.Name} at {section.VirtualAddress:X}h is writable and executable; "
                    + "a section may be one of the two";
            }

            ulong end = (ulong)section.RawOffset + section.RawSize;
            if (end > (ulong)image.File.Length)
            {
                yield return $"section {section.Name} at {section.VirtualAddress:X}h ends at {end:X}h in the file; "
                    + $"the file ends at {image.File.Length:X}h";
            }
        }
    }
}
