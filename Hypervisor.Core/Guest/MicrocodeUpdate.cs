using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Guest;

/// <summary>
/// Loads a microcode update for the guest (Intel SDM vol 3 §9.11). The processor reads it at a linear address, and in the host's address space that is another
/// one: the update's pages are shown to it side by side, in <see cref="UpdateWindow"/>.
/// </summary>
/// <remarks>
/// <para>
/// A processor that is not content with an update does not load it and raises nothing; the guest reads the revision to find out (§9.11.6 and §9.11.7). So an update
/// that cannot be one is dropped.
/// </para>
/// <para>The extended signature table behind the data is for the software that chooses an update (§9.11.2); the processor is not shown it.</para>
/// </remarks>
public static unsafe class MicrocodeUpdate
{
    private const uint HeaderSize = 48;
    private const ulong DataSizeOffset = 28;
    private const uint DefaultDataSize = 2000; // where the header says 0
    private const ulong PageMask = PageSizes.Size4K - 1;

    /// <summary>The largest update, header included, that fits the window wherever in a page it begins.</summary>
    public const uint MaximumSize = (UpdateWindow.Capacity - 1) * (uint)PageSizes.Size4K;

    /// <summary>Does what WRMSR does, but for the end of the instruction.</summary>
    /// <param name="processor">The processor.</param>
    /// <param name="paging">How the guest translates addresses.</param>
    /// <param name="data">The operand: guest-linear address of the update's data, behind its header.</param>
    /// <param name="fault">The page fault, where that is the outcome.</param>
    public static MicrocodeUpdateOutcome Load(ProcessorData* processor, in PagingState paging, ulong data, out GuestPageFault fault)
    {
        MachineData* machine = processor->Machine;
        GuestLinearMemory memory = new(paging, machine->RegionBase, machine->RegionSize);
        ulong header = data - HeaderSize;
        if (!memory.CanReach(header, HeaderSize, PageAccess.Read, out fault))
        {
            return MicrocodeUpdateOutcome.PageFault;
        }

        uint size = (uint)memory.Read(header + DataSizeOffset, sizeof(uint), PageAccess.Read);
        size = size == 0 ? DefaultDataSize : size;
        if (size > MaximumSize - HeaderSize)
        {
            Log.Begin(LogLevel.Warning, processor->Index).Text("a microcode update of "u8).Decimal(size).Text(" bytes is too large: it is not loaded"u8).End();
            return MicrocodeUpdateOutcome.Done;
        }

        return memory.CanReach(header, HeaderSize + size, PageAccess.Read, out fault)
            ? LoadThroughWindow(processor, paging, header, HeaderSize + size)
            : MicrocodeUpdateOutcome.PageFault;
    }

    private static MicrocodeUpdateOutcome LoadThroughWindow(ProcessorData* processor, in PagingState paging, ulong header, uint size)
    {
        UpdateWindow* window = &processor->Machine->Update;
        ulong offset = header & PageMask;
        window->Take();
        for (uint i = 0; i * PageSizes.Size4K < offset + size; i++)
        {
            window->Show(i, Locate(processor->Machine, paging, header - offset + (i * PageSizes.Size4K)));
        }

        window->Enter();
        bool taken = Instructions.TryWriteMsr(Msr.IntelMicrocodeUpdate, UpdateWindow.Start + offset + HeaderSize) != 0;
        window->Leave(processor->HostCr3);
        return taken ? MicrocodeUpdateOutcome.Done : MicrocodeUpdateOutcome.GeneralProtection;
    }

    /// <summary>The page as the guest sees it: zeros where the host's memory is, or where another processor has taken it away meanwhile.</summary>
    private static ulong Locate(MachineData* machine, in PagingState paging, ulong linear)
    {
        PageWalkResult walk = GuestPageWalk.Translate<GuestMemory>(in paging, linear, PageAccess.Read);
        ulong page = walk.PhysicalAddress & ~PageMask;
        bool visible = walk.Success && page < NestedTables.End(machine->PhysicalAddressBits) && page - machine->RegionBase >= machine->RegionSize;
        return visible ? page : machine->ZeroPage;
    }
}
