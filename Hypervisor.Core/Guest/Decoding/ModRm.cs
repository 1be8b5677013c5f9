namespace Hypervisor.Core.Guest.Decoding;

/// <summary>The ModRM byte: two operands, one of which may be in memory.</summary>
/// <remarks>Intel SDM vol 2 §2.1.3; AMD APM vol 3 §1.4.1. The REX bits that widen the fields are in <see cref="RexPrefix"/>.</remarks>
/// <param name="value">The byte.</param>
public readonly struct ModRm(byte value)
{
    /// <summary>The byte.</summary>
    public byte Value => value;

    /// <summary>Bits 7:6: form of the memory operand, 3 for a register.</summary>
    public int Mod => value >> 6;

    /// <summary>Bits 5:3: register operand, or an extension of the opcode.</summary>
    public int Reg => (value >> 3) & 7;

    /// <summary>Bits 2:0: register or addressing form of the other operand.</summary>
    public int Rm => value & 7;

    /// <summary>The other operand is in memory.</summary>
    public bool IsMemory => value < 0xC0;
}
