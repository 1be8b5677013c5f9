namespace Hypervisor.Core.Cpu;

/// <summary>Memory types as MTRRs, the PAT and nested page tables encode them.</summary>
/// <remarks>Intel SDM vol 3 table 11-2 and table 11-10; AMD APM vol 2 §7.4 and table 7-9.</remarks>
public enum MemoryType : byte
{
    /// <summary>UC: every access reaches the device, in order.</summary>
    Uncacheable = 0,

    /// <summary>WC: writes are gathered, reads are not cached.</summary>
    WriteCombining = 1,

    /// <summary>WT: reads are cached, writes go through.</summary>
    WriteThrough = 4,

    /// <summary>WP: reads are cached, writes reach memory and drop the line.</summary>
    WriteProtected = 5,

    /// <summary>WB: ordinary cached memory.</summary>
    WriteBack = 6,

    /// <summary>UC-: as UC, but an MTRR may make it write-combining. Exists in the PAT only.</summary>
    UncachedMinus = 7,
}
