using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Memory.Mtrr;

/// <summary>Memory types as MTRRs have them.</summary>
public static class MtrrTypes
{
    /// <summary>
    /// The type of an encoding. Reserved ones cannot be written (Intel SDM vol 3 table 11-8: #GP); should one be found nevertheless, it is the type that is never wrong.
    /// </summary>
    public static MemoryType Decode(byte encoding) => (MemoryType)encoding is MemoryType.WriteCombining
        or MemoryType.WriteThrough or MemoryType.WriteProtected or MemoryType.WriteBack ? (MemoryType)encoding : MemoryType.Uncacheable;

    /// <summary>
    /// The type of memory that two variable ranges of these types cover (Intel SDM vol 3 §11.11.4.1): UC beats all, WT beats WB. Everything else is undefined and
    /// taken as UC, as Linux does.
    /// </summary>
    public static MemoryType Combine(MemoryType first, MemoryType second)
    {
        if (first == second)
        {
            return first;
        }

        bool writeThrough = (first == MemoryType.WriteThrough && second == MemoryType.WriteBack)
            || (first == MemoryType.WriteBack && second == MemoryType.WriteThrough);
        return writeThrough ? MemoryType.WriteThrough : MemoryType.Uncacheable;
    }
}
