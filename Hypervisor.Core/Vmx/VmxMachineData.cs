using System.Runtime.InteropServices;
using Hypervisor.Core.Memory.Mtrr;
using Hypervisor.Core.Traps;

namespace Hypervisor.Core.Vmx;

/// <summary>What all processors share and only VMX needs: one page, beside <see cref="Host.MachineData"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct VmxMachineData
{
    /// <summary>Number of sets of extended page tables: one that the guest runs on, one to be built while it does.</summary>
    public const int Halves = 2;

    /// <summary>The MTRRs that the tables in use were built from.</summary>
    public MtrrState MemoryTypes;

    /// <summary>Memory of the tables, a set behind the other.</summary>
    public ulong Tables;

    /// <summary>Bytes of a set.</summary>
    public ulong HalfSize;

    /// <summary>Tables for dividing large pages of the set that is not in use.</summary>
    public SplitTables* SplitTables;

    /// <summary>The set in use: 0 or 1.</summary>
    public uint Active;

    /// <summary>How often new tables have been published.</summary>
    public uint Generation;

    /// <summary>Held while tables are built and until all processors run on them.</summary>
    public uint Lock;
}
