using Hypervisor.Guests.Probe.Execution;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Guests.Probe.Stress;

/// <summary>Memory that a hypervisor traps: its own, the window of configuration space, the local APIC.</summary>
internal static unsafe class HostileTargets
{
    // A place in the APIC's page from which nothing reaches a register: those end at 3F0h (Intel SDM vol 3 §10.4.1), and what follows the page are messages to
    // other processors. Instructions here go up by at most Reach bytes.
    private const ulong ApicFirst = 0x400;
    private const ulong ApicSize = 0xA00;
    private const ulong PageSize = ProbeMemory.PageSize;
    private const int MapPages = 4;
    private const byte Mark = 0x5A;

    // Far from all functions there are: what instructions with an operand at its borders touch is nobody's either.
    private const ulong NobodysFunction = (0xFEUL << 20) + (0x10UL << 15);
    private static byte* s_map;

    /// <summary>Bytes that an instruction may touch beyond its address: FXSAVE, or 31 elements of a string.</summary>
    internal const int Reach = 512;

    /// <summary>The first address of the hypervisor's memory; 0 where none was found.</summary>
    internal static ulong HostFirst { get; private set; }

    /// <summary>The bytes of the hypervisor's memory.</summary>
    internal static ulong HostSize { get; private set; }

    /// <summary>The page of a function that does not exist, in the window of configuration space; 0 where there is no window.</summary>
    internal static ulong Window { get; private set; }

    /// <summary>Takes memory while the firmware can still be asked.</summary>
    internal static bool Open(EfiBootServices* services)
    {
        s_map = ProbeMemory.Allocate(MapPages);
        if (s_map == null)
        {
            return false;
        }

        nuint size = MapPages * (nuint)PageSize;
        nuint key;
        nuint stride;
        uint version;
        if (services->GetMemoryMap(&size, s_map, &key, &stride, &version) != EfiStatus.Success)
        {
            return false;
        }

        for (byte* at = s_map; at < s_map + size; at += stride)
        {
            EfiMemoryDescriptor* descriptor = (EfiMemoryDescriptor*)at;
            if (descriptor->Type == EfiMemoryType.Reserved && IsHost((byte*)descriptor->PhysicalStart))
            {
                HostFirst = descriptor->PhysicalStart;
                HostSize = descriptor->NumberOfPages * PageSize;
            }
        }

        return true;
    }

    /// <summary>Whether the APIC's page takes accesses of any width: Bochs, which has no such window, stops at all but aligned ones of four bytes.</summary>
    internal static bool HasLenientApic => Window != 0;

    /// <summary>Looks for the window.</summary>
    internal static void Find()
    {
        ulong window = HostilePci.FindWindow();
        Window = window == 0 ? 0 : window + NobodysFunction;
    }

    /// <summary>Some place in trapped memory; 0 where there is none.</summary>
    internal static ulong Choose(ref RandomSequence random)
    {
        uint choice = random.Next() % 5;
        if (choice == 0 && HasLenientApic)
        {
            return ApicAccess.Page + ApicFirst + (random.Next() % ApicSize);
        }

        if (choice < 3 && Window != 0)
        {
            return Window + (random.Next() % PageSize);
        }

        return HostFirst == 0 ? 0 : HostFirst + Offset(ref random);
    }

    /// <summary>Whether a place is in the local APIC's page, where instructions only go up.</summary>
    internal static bool IsInApic(ulong place) => place - ApicAccess.Page < PageSize;

    /// <summary>Whether zeros are read there; all ones otherwise.</summary>
    internal static bool ReadsZero(ulong place) => Window == 0 || place - Window >= PageSize;

    /// <summary>Whether an instruction there may touch what is not the hypervisor's.</summary>
    internal static bool IsAtBorder(ulong place) =>
        HostSize != 0 && (HostFirst + Reach - place < 2 * Reach || HostFirst + HostSize + Reach - place < 2 * Reach);

    /// <summary>Any place inside, one just before the end of a page, or one at a border.</summary>
    private static ulong Offset(ref RandomSequence random)
    {
        uint value = random.Next();
        uint form = random.Next() % 8;
        return form switch
        {
            0 => 0UL - (value & 63),
            1 => HostSize - 1 - (value & 63),
            2 => (value % HostSize & ~(PageSize - 1)) + PageSize - 1 - (random.Next() & 31),
            _ => value % HostSize,
        };
    }

    /// <summary>Writes to the hypervisor's memory vanish; nobody else's reserved memory is changed by this.</summary>
    private static bool IsHost(byte* memory)
    {
        byte before = *memory;
        *memory = Mark;
        bool vanished = *memory != Mark && *memory == 0;
        if (!vanished)
        {
            *memory = before;
        }

        return vanished;
    }
}
