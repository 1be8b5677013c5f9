namespace Hypervisor.Core.Memory.Mtrr;

/// <summary>How much of a range a variable-range register covers.</summary>
public enum MtrrCoverage
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Some of its pages.</summary>
    Part,

    /// <summary>All of it.</summary>
    Whole,
}
