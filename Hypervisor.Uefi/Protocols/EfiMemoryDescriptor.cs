using System.Runtime.InteropServices;

namespace Hypervisor.Uefi.Protocols;

/// <summary>EFI_MEMORY_DESCRIPTOR (UEFI 2.10 §7.2.3). The firmware's stride may be larger than this struct.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct EfiMemoryDescriptor
{
    private const ulong WriteBackBit = 1UL << 3;

    /// <summary>Type of the memory.</summary>
    public EfiMemoryType Type;

    private readonly uint _padding;

    /// <summary>Physical address of the first byte.</summary>
    public ulong PhysicalStart;

    /// <summary>Virtual address of the first byte.</summary>
    public ulong VirtualStart;

    /// <summary>Number of 4 KiB pages.</summary>
    public ulong NumberOfPages;

    /// <summary>Attributes.</summary>
    public ulong Attribute;

    /// <summary>EFI_MEMORY_WB: it can be cached, as registers cannot.</summary>
    public readonly bool IsCacheable => (Attribute & WriteBackBit) != 0;

    /// <summary>Whether it is memory, whoever uses it (UEFI 2.10 §7.2.1, table 7.6).</summary>
    public readonly bool IsMemory => Type is (>= EfiMemoryType.LoaderCode and <= EfiMemoryType.Conventional)
        or EfiMemoryType.AcpiReclaim or EfiMemoryType.AcpiNonVolatile or EfiMemoryType.Persistent;
}
