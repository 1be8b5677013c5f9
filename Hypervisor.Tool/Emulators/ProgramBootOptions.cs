using System.Collections.Generic;
using Hypervisor.Tool.Images;

namespace Hypervisor.Tool.Emulators;

/// <summary>How an EFI program is run.</summary>
public sealed record ProgramBootOptions
{
    /// <summary>The name of the run, which is the name of its folder.</summary>
    public required string Name { get; init; }

    /// <summary>The program's image on the host.</summary>
    public required string Program { get; init; }

    /// <summary>The program's load options.</summary>
    public string Arguments { get; init; } = string.Empty;

    /// <summary>The machine.</summary>
    public MachineOptions Machine { get; init; } = new QemuOptions();

    /// <summary>The hypervisor's image to load first, or null for a bare run.</summary>
    public string? Hypervisor { get; init; }

    /// <summary>The hypervisor's configuration, or null for its defaults.</summary>
    public string? Configuration { get; init; }

    /// <summary>Further files for the disk.</summary>
    public IReadOnlyList<GuestFile> DiskFiles { get; init; } = [];
}
