namespace Hypervisor.Core.Guest.Decoding;

/// <summary>What the operand-size prefix does to a near branch in 64-bit mode: the one point where the vendors disagree about a
/// length.</summary>
public enum NearBranchRule : byte
{
    /// <summary>The prefix shortens the displacement to two bytes (AMD APM vol 3, entry "Jcc": rel16off).</summary>
    Amd = 0,

    /// <summary>The prefix is ignored, the displacement has four bytes (Intel SDM vol 2, entry "Jcc").</summary>
    Intel = 1,
}
