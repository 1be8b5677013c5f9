using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;

namespace Hypervisor.Tests.Emulators;

/// <summary>What a Linux guest says about its machine.</summary>
internal sealed partial class MachineFacts
{
    private static readonly string[] _virtualizationFlags =
    [
        // The names of the VMX flag itself and of those that Linux makes of VMX's capability registers.
        "vmx", "tpr_shadow", "flexpriority", "ept", "vpid", "ept_ad",
        // The names of the SVM flag itself and of those of leaf 8000_000A in Linux's cpufeatures.h.
        "svm", "npt", "lbrv", "svm_lock", "nrip_save", "tsc_scale", "vmcb_clean", "flushbyasid", "decodeassists", "pausefilter", "pfthreshold",
        "avic", "v_vmsave_vmload", "vgif", "x2avic", "v_spec_ctrl", "vnmi",
    ];

    private readonly Dictionary<string, string[]> _sections;

    private MachineFacts(Dictionary<string, string[]> sections)
    {
        _sections = sections;
    }

    /// <summary>The processors that are online.</summary>
    internal string Online => _sections["online"].Single();

    /// <summary>/proc/cpuinfo without the flags of virtualization and without what is measured: clock rates depend on how busy the host is.</summary>
    internal IReadOnlyList<string> Processors =>
        [.. _sections["cpuinfo"].Where(line => !Excluded().IsMatch(line)).Select(line => line.StartsWith("flags", StringComparison.Ordinal)
            ? string.Join(' ', line.Split(' ').Except(_virtualizationFlags))
            : line)];

    /// <summary>The flags of virtualization that the kernel sees.</summary>
    internal IReadOnlyList<string> VirtualizationFlags =>
        [.. _sections["cpuinfo"].First(line => line.StartsWith("flags", StringComparison.Ordinal)).Split(' ').Intersect(_virtualizationFlags)];

    /// <summary>Every PCI device with the first 64 bytes of its configuration space.</summary>
    internal IReadOnlyList<string> PciDevices => _sections["pci"];

    /// <summary>The memory map that the boot stub made for the kernel.</summary>
    internal MemoryMap E820 => MemoryMap.FromE820(_sections["e820"]);

    /// <summary>The firmware's memory map.</summary>
    internal MemoryMap EfiMap => MemoryMap.FromEfi(_sections["efi"]);

    /// <summary>The kernel's lines of level warning or worse, as they came.</summary>
    internal IReadOnlyList<string> Warnings => _sections["warnings"];

    /// <summary>What each instruction of the program svmtry ended in.</summary>
    internal IReadOnlyList<string> Attempts => _sections["svmtry"];

    /// <summary>Asks a guest.</summary>
    internal static MachineFacts Ask(LinuxGuest guest)
    {
        Dictionary<string, string[]> sections = [];
        foreach (string section in guest.Run(GuestScripts.Facts).Split("## ", StringSplitOptions.RemoveEmptyEntries))
        {
            string[] lines = section.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            sections.Add(lines[0], lines[1..]);
        }

        return new MachineFacts(sections);
    }

    /// <summary>Lines of level warning or worse that are here but not there.</summary>
    internal IReadOnlyList<string> WarningsBeyond(MachineFacts other)
    {
        HashSet<string> known = [.. other.Warnings.Select(WithoutNumbers)];
        return [.. Warnings.Where(line => !Clocks().IsMatch(line) && !known.Contains(WithoutNumbers(line)))];
    }

    /// <summary>Addresses, times and amounts differ from boot to boot, bare as well.</summary>
    private static string WithoutNumbers(string line) => Number().Replace(Stamp().Replace(line, string.Empty), "#");

    // The second is a line of its own for VMX: what its capability registers say.
    [GeneratedRegex(@"^(cpu MHz|bogomips|vmx flags)\s*:")]
    private static partial Regex Excluded();

    [GeneratedRegex(@"^<\d>\[ *\d+\.\d+\] ")]
    private static partial Regex Stamp();

    // Also the words of a register dump, and its code: the kernel lies at another address each time.
    [GeneratedRegex(@"Code: .*|0x[0-9a-fA-F]+|\b[0-9a-fA-F]{8,}\b|\d+")]
    private static partial Regex Number();

    // An emulated clock stops whenever the host runs something else: whether the kernel's calibrations agree with each other is a matter of the host's load, and
    // these lines come and go between two bare boots too. The last three belong to "Unstable clock".
    [GeneratedRegex(@"\] (tsc: |TSC |clocksource: |APIC calibration |Unstable clock |\.\.MP-BIOS bug: 8254 timer|If you want to keep using the local clock|  ""trace_clock=local""|on the kernel command line$)")]
    private static partial Regex Clocks();
}
