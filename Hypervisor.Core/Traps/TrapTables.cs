using System.Runtime.InteropServices;
using Hypervisor.Core.Mediation;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Traps;

/// <summary>
/// Who has claimed what: three pages, and the tables they point to. Readers take no lock: a change is published by single words, and what a reader may still be using
/// is used again only after every processor has passed <see cref="TrapShootdown"/>.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct TrapTables
{
    /// <summary>Mediators there may be.</summary>
    public const int MaximumMediators = 16;

    /// <summary>Claims of ports there may be: each has a bit in a set.</summary>
    public const int MaximumPortClaims = 64;

    /// <summary>Claims of memory there may be.</summary>
    public const int MaximumMemoryClaims = 64;

    /// <summary>Nested page tables set aside for dividing large pages (<see cref="SplitTables"/>): two for each claim in a place of its own, for half of the claims.</summary>
    public const uint SplitPages = 64;

    private const int PortClaimSize = 16;
    private const uint OwnPages = 3;
    private const uint PortPages = 0x10000 / (uint)PageSizes.Size4K;
    private const uint IndexPages = (uint)(2 * MemoryIndex.Size / PageSizes.Size4K);

    /// <summary>Pages of everything here, without <see cref="SplitTables"/>.</summary>
    public const uint Pages = OwnPages + 1 + PortPages + IndexPages + ConfigurationPorts.Pages;

    /// <summary>Held while claims change.</summary>
    public uint Lock;

    /// <summary>How often a change has to be followed by all processors.</summary>
    public uint Generation;

    /// <summary>Bits of the mediators that see interrupt commands.</summary>
    public uint InterruptCommands;

    /// <summary>Number of mediators.</summary>
    public int MediatorCount;

    /// <summary>What the host keeps about each.</summary>
    public MediatorRecord* Mediators;

    /// <summary>The ports of PCI configuration space.</summary>
    public ConfigurationPorts* Configuration;

    /// <summary>For each port the number of the set of claims it belongs to; 0 for none.</summary>
    public byte* Ports;

    /// <summary>The sets: a bit for each claim.</summary>
    public fixed ulong PortSets[256];

    /// <summary>Claims of MSRs.</summary>
    public KeyedClaims Msrs;

    /// <summary>Claims of CPUID leaves.</summary>
    public KeyedClaims Cpuid;

    /// <summary>Claims of memory, by address.</summary>
    public MemoryClaims Memory;

    private fixed byte _portClaims[MaximumPortClaims * PortClaimSize];

    /// <summary>The claims of ports, <see cref="MaximumPortClaims"/> of them.</summary>
    public PortClaim* PortClaims
    {
        get
        {
            fixed (byte* claims = _portClaims)
            {
                return (PortClaim*)claims;
            }
        }
    }

    /// <summary>Sets the tables up.</summary>
    /// <returns>The tables; null when the arena does not suffice.</returns>
    public static TrapTables* Build(PageArena* arena)
    {
        TrapTables* tables = (TrapTables*)arena->Allocate(OwnPages, PageSizes.Size4K);
        ulong mediators = arena->Allocate();
        ulong ports = arena->Allocate(PortPages, PageSizes.Size4K);
        ulong index = arena->Allocate(IndexPages, PageSizes.Size4K);
        ulong configuration = arena->Allocate(ConfigurationPorts.Pages, PageSizes.Size4K);
        if (configuration == 0)
        {
            return null;
        }

        tables->Ports = (byte*)ports;
        tables->Configuration = (ConfigurationPorts*)configuration;
        tables->Mediators = (MediatorRecord*)mediators;
        tables->Memory.Index = (MemoryIndex*)index;
        tables->Memory.SpareIndex = (MemoryIndex*)(index + MemoryIndex.Size);
        return tables;
    }
}
