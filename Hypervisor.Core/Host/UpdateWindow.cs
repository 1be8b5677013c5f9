using Hypervisor.Core.Cpu;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Host;

/// <summary>
/// A stretch of linear memory in which pages of the guest, wherever they are, stand side by side: a microcode update is one stretch to the guest, and must be one to
/// the processor that loads it for the host. It exists in an address space of its own, which is the host's but for one entry of the root, and which a processor
/// enters for the one instruction that reads the update.
/// </summary>
public unsafe struct UpdateWindow
{
    /// <summary>Pages of tables: the root, and one of each level below.</summary>
    public const uint Pages = 4;

    /// <summary>Pages that the window shows at most.</summary>
    public const uint Capacity = PageSizes.EntriesPerTable;

    /// <summary>Linear address of the first page: the last root entry, in the upper half.</summary>
    public const ulong Start = unchecked((ulong)-(1L << 39));

    private const PageFlags Shown = PageFlags.Present | PageFlags.NoExecute | PageFlags.Accessed;

    /// <summary>Held by the processor that uses the window.</summary>
    internal uint Lock;

    private ulong _root;
    private ulong _table;

    /// <summary>Builds the tables. The host's own must be complete.</summary>
    /// <param name="hostRoot">Root of the host's tables.</param>
    /// <param name="arena">Where pages come from.</param>
    /// <returns>False when the arena is exhausted.</returns>
    public bool Build(ulong hostRoot, PageArena* arena)
    {
        _root = arena->Allocate();
        ulong above = _root;
        int index = PageTables.Index(Start, PageLevel.Root);
        if (_root != 0)
        {
            PageTables.Copy(hostRoot, _root);
        }

        for (uint i = 1; i < Pages && above != 0; i++, index = 0)
        {
            _table = arena->Allocate();
            ((PageTableEntry*)above)[index] = _table == 0 ? default : new PageTableEntry(_table, PageFlags.Table);
            above = _table;
        }

        return above != 0;
    }

    /// <summary>Takes the window, which all processors share: they may well load an update all at once.</summary>
    public void Take()
    {
        fixed (uint* word = &Lock)
        {
            while (Instructions.Exchange(word, 1) != 0)
            {
                Instructions.Pause();
            }
        }
    }

    /// <summary>Shows a page.</summary>
    /// <param name="number">Its place in the window.</param>
    /// <param name="physical">Physical address.</param>
    public readonly void Show(uint number, ulong physical) => ((PageTableEntry*)_table)[number] = new PageTableEntry(physical, Shown);

    /// <summary>Goes to the address space with the window; nothing of an earlier use is remembered.</summary>
    public readonly void Enter() => Instructions.WriteCr3(_root);

    /// <summary>Goes back to the host's address space, and gives the window to others, empty.</summary>
    public void Leave(ulong hostRoot)
    {
        Instructions.WriteCr3(hostRoot);
        for (uint i = 0; i < Capacity; i++)
        {
            ((PageTableEntry*)_table)[i] = default;
        }

        fixed (uint* word = &Lock)
        {
            Instructions.Exchange(word, 0);
        }
    }
}
