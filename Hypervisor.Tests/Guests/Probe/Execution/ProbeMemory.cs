using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Guests.Probe.Execution;

/// <summary>Pages of the probe, zeroed. They are never given back: the task register may still point there.</summary>
public static unsafe class ProbeMemory
{
    /// <summary>Bytes of a page.</summary>
    public const int PageSize = 0x1000;

    private static EfiBootServices* s_services;

    /// <summary>Takes the firmware's allocator.</summary>
    public static void Open(EfiBootServices* services) => s_services = services;

    /// <summary>Pages below an address; null where there are none.</summary>
    public static byte* Allocate(int pages, ulong below = 1UL << 32)
    {
        ulong address = below - 1;
        EfiMemoryType type = EfiMemoryType.BootServicesCode;
        if (s_services->AllocatePages(EfiAllocateType.MaxAddress, type, (nuint)pages, &address) != EfiStatus.Success)
        {
            return null;
        }

        for (int i = 0; i < pages * PageSize; i++)
        {
            ((byte*)address)[i] = 0;
        }

        return (byte*)address;
    }
}
