using Hypervisor.Core.Guest.Emulation;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Traps;

/// <summary>What an emulated instruction finds behind claimed pages: mediators where they have claimed, hardware elsewhere.</summary>
public readonly unsafe struct TrapBus : IEmulatedBus
{
    private const int ByteBits = 8;

    /// <inheritdoc/>
    public static bool IsTrapped(ProcessorData* processor, ulong physical) => NestedTraps.IsClaimed(processor->Machine, physical);

    /// <inheritdoc/>
    public static ulong Read(ProcessorData* processor, ulong physical, int size)
    {
        ulong value = 0;
        Access(processor, physical, size, isWrite: false, ref value);
        return value;
    }

    /// <inheritdoc/>
    public static void Write(ProcessorData* processor, ulong physical, int size, ulong value) => Access(processor, physical, size, isWrite: true, ref value);

    private static void Access(ProcessorData* processor, ulong physical, int size, bool isWrite, ref ulong value)
    {
        MemoryClaim* claim = processor->Machine->Traps->Memory.Find(physical);
        ulong last = physical + (ulong)size - 1;
        bool crosses = claim == null ? processor->Machine->Traps->Memory.Touches(physical, last, out _) : last > claim->Last;
        if (crosses && size > 1)
        {
            Split(processor, physical, size / 2, isWrite, ref value);
        }
        else if (claim == null)
        {
            MemoryIo.Access(physical, size, isWrite, ref value);
        }
        else if (!MemoryTraps.Access(processor, claim, physical, size, isWrite, ref value))
        {
            Leave(processor, claim, physical, size, isWrite, ref value);
        }
    }

    /// <summary>An access across a claim's border becomes two halves.</summary>
    private static void Split(ProcessorData* processor, ulong physical, int half, bool isWrite, ref ulong value)
    {
        int bits = half * ByteBits;
        ulong low = value & ((1UL << bits) - 1);
        ulong high = value >> bits;
        Access(processor, physical, half, isWrite, ref low);
        Access(processor, physical + (ulong)half, half, isWrite, ref high);
        value = (low & ((1UL << bits) - 1)) | (high << bits);
    }

    /// <summary>The mediator leaves the instruction to the guest. It must have said so in its claim, and nothing may have been done yet; else the host makes the access.</summary>
    private static void Leave(ProcessorData* processor, MemoryClaim* claim, ulong physical, int size, bool isWrite, ref ulong value)
    {
        if (claim->Form.AsksGuest)
        {
            processor->LeftToGuest = 1;
        }
        else
        {
            MemoryIo.Access(physical, size, isWrite, ref value);
        }
    }
}
