using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tool.Emulators;

/// <summary>Writes the two files that describe a machine to VMware: the machine itself (.vmx) and its disk (.vmdk).</summary>
public static class VmwareConfiguration
{
    private const int SectorBytes = 512;
    private const int Heads = 16;
    private const int SectorsPerTrack = 63;
    private const char Quote = '"';

    /// <summary>The machine.</summary>
    public static string BuildMachine(VmwareOptions options, RunFolder folder)
    {
        (string Key, string Value)[] entries =
        [
            (".encoding", "UTF-8"),
            ("config.version", "8"),
            ("virtualHW.version", "19"),
            ("displayName", "hv"),
            ("guestOS", "other-64"),
            ("firmware", "efi"),
            ("uefi.secureBoot.enabled", "FALSE"),
            // The firmware has the Shell built in; this puts it on the list of things to boot.
            ("efi.shell.activeByDefault", "TRUE"),
            // The guest sees VT-x or AMD-V with nested paging.
            ("vhv.enable", "TRUE"),
            ("numvcpus", Number(options.Processors)),
            ("memsize", Number(options.MemoryMiB)),
            ("pciBridge0.present", "TRUE"),
            ("sata0.present", "TRUE"),
            ("sata0:0.present", "TRUE"),
            ("sata0:0.fileName", folder.VmwareDisk),
            // COM1 is the console, COM2 the hypervisor's own log.
            ("serial0.present", "TRUE"),
            ("serial0.fileType", "file"),
            ("serial0.fileName", folder.SerialLog),
            ("serial1.present", "TRUE"),
            ("serial1.fileType", "file"),
            ("serial1.fileName", folder.HypervisorLog),
            // Nobody is there to answer questions: about a log that exists, about a machine that was copied.
            ("msg.autoAnswer", "TRUE"),
            ("uuid.action", "create"),
            ("floppy0.present", "FALSE"),
            ("ethernet0.present", "FALSE"),
            ("sound.present", "FALSE"),
        ];
        return Lines(entries.Select(entry => $"{entry.Key} = {Quoted(entry.Value)}"));
    }

    /// <summary>The description of a disk whose sectors are a file of their own (monolithicFlat).</summary>
    /// <param name="image">The file with the sectors.</param>
    /// <param name="bytes">Its size.</param>
    public static string BuildDisk(string image, long bytes)
    {
        long sectors = bytes / SectorBytes;
        long cylinders = Math.Max(1, sectors / (Heads * SectorsPerTrack));
        return Lines(
        [
            "# Disk DescriptorFile",
            "version=1",
            "CID=fffffffe",
            "parentCID=ffffffff",
            $"createType={Quote}monolithicFlat{Quote}",
            $"RW {sectors.ToString(CultureInfo.InvariantCulture)} FLAT {Quoted(image)} 0",
            $"ddb.virtualHWVersion = {Quote}19{Quote}",
            $"ddb.adapterType = {Quote}ide{Quote}",
            $"ddb.geometry.cylinders = {Quoted(cylinders.ToString(CultureInfo.InvariantCulture))}",
            $"ddb.geometry.heads = {Quoted(Number(Heads))}",
            $"ddb.geometry.sectors = {Quoted(Number(SectorsPerTrack))}",
        ]);
    }

    private static string Lines(IEnumerable<string> lines) => string.Concat(lines.Select(line => line + '\n'));

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Quoted(string value)
    {
        return value.Contains(Quote)
            ? throw new HvException($"VMware cannot use the path {value}: it contains a quotation mark.")
            : $"{Quote}{value}{Quote}";
    }
}
