using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Guest.Emulation;

/// <summary>The conditions of SETcc and CMOVcc.</summary>
/// <remarks>Intel SDM vol 1 appendix B; AMD APM vol 3 §1.5 table "rFLAGS for CMOVcc".</remarks>
internal static class Conditions
{
    private const int InvertedBit = 1;

    /// <summary>Whether a condition holds.</summary>
    /// <param name="condition">0 to 15, in encoding order: bit 0 inverts.</param>
    /// <param name="flags">The flags.</param>
    internal static bool Holds(int condition, RFlags flags)
    {
        bool holds = (condition >> 1) switch
        {
            0 => flags.Overflow,
            1 => flags.Carry,
            2 => flags.Zero,
            3 => flags.Carry || flags.Zero,
            4 => flags.Sign,
            5 => flags.Parity,
            6 => flags.Sign != flags.Overflow,
            _ => flags.Zero || flags.Sign != flags.Overflow,
        };
        return holds != ((condition & InvertedBit) != 0);
    }
}
