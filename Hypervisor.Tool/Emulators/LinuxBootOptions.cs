using System.Collections.Generic;
using Hypervisor.Tool.Images;

namespace Hypervisor.Tool.Emulators;

/// <summary>How a Linux guest is booted.</summary>
public sealed record LinuxBootOptions
{
    /// <summary>The secret of the hypervisor if nobody asks for another configuration: the guest's shell knows it.</summary>
    public const string DefaultSecret = "hv workbench";

    /// <summary>The hypervisor's configuration if nobody asks for another: it logs on the second serial port and answers hvctl.</summary>
    public const string DefaultConfiguration = $"serial = com2\nstatus = on\nsecret = {DefaultSecret}\n";

    /// <summary>The name of the run, which is the name of its folder.</summary>
    public required string Name { get; init; }

    /// <summary>The machine.</summary>
    public MachineOptions Machine { get; init; } = new QemuOptions();

    /// <summary>The hypervisor's image to load first, or null for a bare boot.</summary>
    public string? Hypervisor { get; init; }

    /// <summary>The text of the hypervisor's configuration.</summary>
    public string Configuration { get; init; } = DefaultConfiguration;

    /// <summary>Whether to stop at the prompt of the UEFI Shell, before the hypervisor and Linux.</summary>
    public bool StopInShell { get; init; }

    /// <summary>Shell commands that the guest runs before it powers off, or null for a prompt.</summary>
    public string? Command { get; init; }

    /// <summary>Kernel arguments besides the usual ones.</summary>
    public string KernelArguments { get; init; } = string.Empty;

    /// <summary>Further files for the guest's root file system.</summary>
    public IReadOnlyList<GuestFile> RootFiles { get; init; } = [];

    /// <summary>Further files for the disk; one with the path of a standard file replaces it.</summary>
    public IReadOnlyList<GuestFile> DiskFiles { get; init; } = [];
}
