namespace Hypervisor.Core.Guest.Decoding;

/// <summary>What follows an opcode byte: an entry of <see cref="OpcodeTable"/>.</summary>
/// <param name="value">Bits 3:0 <see cref="ImmediateForm"/>, 6 ModRM follows, 5 ModRM always names registers, 4 invalid in 64-bit mode, 7
/// not an opcode.</param>
public readonly struct OpcodeForm(byte value)
{
    internal const byte ModRmBit = 1 << 6;
    internal const byte RegistersOnlyBit = 1 << 5;
    internal const byte Invalid64Bit = 1 << 4;
    internal const byte InvalidBit = 1 << 7;
    private const int ImmediateMask = 0xF;

    /// <summary>A ModRM byte follows.</summary>
    public bool HasModRm => (value & ModRmBit) != 0;

    /// <summary>ModRM.Mod is ignored and no memory operand exists: moves to and from control and debug registers.</summary>
    public bool RegistersOnly => (value & RegistersOnlyBit) != 0;

    /// <summary>No such instruction in the given mode, or the byte is a prefix or an escape.</summary>
    /// <param name="width">The mode.</param>
    /// <returns>True where nothing can be decoded.</returns>
    public bool IsInvalid(CodeWidth width) => (value & (width == CodeWidth.Bits64 ? InvalidBit | Invalid64Bit : InvalidBit)) != 0;

    /// <summary>The immediate that ends the instruction.</summary>
    public ImmediateForm Immediate => (ImmediateForm)(value & ImmediateMask);
}
