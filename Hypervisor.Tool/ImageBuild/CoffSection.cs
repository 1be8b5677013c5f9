using System.Collections.Generic;

namespace Hypervisor.Tool.ImageBuild;

/// <summary>A section of an object (PE/COFF specification §4).</summary>
/// <param name="Name">Its full name.</param>
/// <param name="Data">Its bytes; empty for uninitialized data.</param>
/// <param name="Size">Its size.</param>
/// <param name="Characteristics">Section flags (§4.1).</param>
/// <param name="Relocations">Its relocations.</param>
public sealed record CoffSection(
    string Name,
    byte[] Data,
    uint Size,
    uint Characteristics,
    IReadOnlyList<CoffRelocation> Relocations)
{
    private const uint Execute = 0x2000_0000;
    private const uint LinkerComdat = 0x0000_1000;
    private const uint LinkerRemove = 0x0000_0800;

    /// <summary>Whether it holds code.</summary>
    public bool IsCode => (Characteristics & Execute) != 0;

    /// <summary>Whether another object may hold the same section, of which the linker keeps one (§5.5.6).</summary>
    public bool IsComdat => (Characteristics & LinkerComdat) != 0;

    /// <summary>Whether the linker leaves it out of the image.</summary>
    public bool IsRemoved => (Characteristics & LinkerRemove) != 0;

    /// <summary>Whether it holds thread-local data: the linker sorts <c>.tls$x</c> into <c>.tls</c>.</summary>
    public bool IsThreadLocal => Name == ".tls" || Name.StartsWith(".tls$", System.StringComparison.Ordinal);
}
