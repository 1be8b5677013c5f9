namespace Hypervisor.Core.Mediation;

/// <summary>One of a mediator's own numbers.</summary>
internal unsafe struct StatisticRequest
{
    /// <summary>Which one, from 0.</summary>
    internal int Index;

    /// <summary>Out: its value.</summary>
    internal ulong Value;

    /// <summary>Out: its name, constant text; null where there is none of that number.</summary>
    internal byte* Name;

    /// <summary>Out: bytes of the name.</summary>
    internal int NameLength;
}
