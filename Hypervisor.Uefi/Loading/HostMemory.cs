using Hypervisor.Core.Memory;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Uefi.Loading;

/// <summary>Memory for the host, from the firmware (L3).</summary>
public static unsafe class HostMemory
{
    private const ulong Below4G = 0xFFFF_FFFF;
    private const ulong FirstLowPage = 0x1000;
    private const ulong Below1M = 0x10_0000;
    private const ulong FirstRom = 0xC_0000;
    private const int MapCapacity = 32 * 1024;

    private struct MapBuffer
    {
        public fixed byte Bytes[MapCapacity];
    }

    private static MapBuffer s_map;

    /// <summary>Reserves memory below 4 GiB that neither firmware nor OS will use.</summary>
    /// <param name="services">Boot services.</param>
    /// <param name="size">Bytes, a multiple of <paramref name="alignment"/>.</param>
    /// <param name="alignment">A power of two.</param>
    /// <returns>Its address, or 0 when there is not enough.</returns>
    public static ulong Reserve(EfiBootServices* services, ulong size, ulong alignment)
    {
        ulong address = Below4G;
        ulong whole = size + alignment - PageSizes.Size4K;
        if (services->AllocatePages(EfiAllocateType.MaxAddress, EfiMemoryType.Reserved, Pages(whole), &address) != EfiStatus.Success)
        {
            return 0;
        }

        // What alignment left over on both sides goes back.
        ulong start = PageSizes.RoundUp(address, alignment);
        Release(services, address, start - address);
        Release(services, start + size, address + whole - (start + size));
        return start;
    }

    /// <summary>Takes memory that is the operating system's once boot services have ended.</summary>
    /// <param name="services">Boot services.</param>
    /// <param name="size">Bytes, whole pages.</param>
    /// <returns>Its address, or 0 when there is not enough.</returns>
    public static ulong Borrow(EfiBootServices* services, ulong size)
    {
        ulong address = Below4G;
        return services->AllocatePages(EfiAllocateType.MaxAddress, EfiMemoryType.BootServicesData, Pages(size), &address) == EfiStatus.Success ? address : 0;
    }

    /// <summary>Gives memory back.</summary>
    public static void Release(EfiBootServices* services, ulong address, ulong size)
    {
        if (size != 0)
        {
            services->FreePages(address, Pages(size));
        }
    }

    /// <summary>
    /// A page of ordinary memory below 1 MiB, for start-up code to be borrowed from its owner: the lowest, because operating systems put theirs at the top.
    /// </summary>
    /// <returns>Its address, or 0 when there is none.</returns>
    public static ulong FindLowPage(EfiBootServices* services)
    {
        fixed (byte* map = s_map.Bytes)
        {
            nuint size = Read(services, map, out nuint stride);
            ulong lowest = 0;
            for (byte* at = map; at < map + size; at += stride)
            {
                EfiMemoryDescriptor* descriptor = (EfiMemoryDescriptor*)at;
                ulong start = descriptor->PhysicalStart < FirstLowPage ? FirstLowPage : descriptor->PhysicalStart;
                ulong end = descriptor->PhysicalStart + (descriptor->NumberOfPages * PageSizes.Size4K);
                bool usable = descriptor->Type is EfiMemoryType.Conventional or EfiMemoryType.BootServicesData;
                if (usable && start < end && start < Below1M && (lowest == 0 || start < lowest))
                {
                    lowest = start;
                }
            }

            return lowest;
        }
    }

    /// <summary>
    /// Where the firmware says that there is memory. What it reserves may be registers: it counts where the firmware knows that it can be cached. So does what was ROM in a PC, where tables are looked for.
    /// </summary>
    public static void Describe(EfiBootServices* services, MemoryMap* memory)
    {
        fixed (byte* map = s_map.Bytes)
        {
            nuint size = Read(services, map, out nuint stride);
            for (byte* at = map; at < map + size; at += stride)
            {
                EfiMemoryDescriptor* descriptor = (EfiMemoryDescriptor*)at;
                ulong end = descriptor->PhysicalStart + (descriptor->NumberOfPages * PageSizes.Size4K);
                bool isReserved = descriptor->Type == EfiMemoryType.Reserved;
                if (descriptor->IsMemory || (isReserved && descriptor->IsCacheable))
                {
                    memory->Add(descriptor->PhysicalStart, end, isReserved);
                }
            }
        }

        for (ulong rom = FirstRom; rom < Below1M && memory->IsKnown; rom += PageSizes.Size4K)
        {
            memory->Add(rom, rom + PageSizes.Size4K, isReserved: true); // page by page: the firmware may have named some of it
        }
    }

    /// <returns>Bytes of the map; 0 where the firmware does not give it.</returns>
    private static nuint Read(EfiBootServices* services, byte* map, out nuint stride)
    {
        nuint size = MapCapacity;
        nuint key;
        nuint step = 0;
        uint version;
        EfiStatus status = services->GetMemoryMap(&size, map, &key, &step, &version);
        stride = step;
        return status == EfiStatus.Success && step != 0 ? size : 0;
    }

    private static nuint Pages(ulong size) => (nuint)(size / PageSizes.Size4K);
}
