namespace Hypervisor.Core.Guest.Decoding;

/// <summary>The REX prefix of 64-bit mode, or its absence.</summary>
/// <remarks>Intel SDM vol 2 §2.2.1; AMD APM vol 3 §1.2.7.</remarks>
/// <param name="value">The byte 0x40 to 0x4F, or 0 where there is none.</param>
public readonly struct RexPrefix(byte value)
{
    private const int WideBit = 1 << 3;
    private const int RegBit = 1 << 2;
    private const int IndexBit = 1 << 1;
    private const int BaseBit = 1 << 0;

    /// <summary>The byte, 0 for none.</summary>
    public byte Value => value;

    /// <summary>There is a REX prefix: registers 4 to 7 of byte size are SPL, BPL, SIL, DIL and not AH, CH, DH, BH.</summary>
    public bool Exists => value != 0;

    /// <summary>REX.W: the operand has 64 bits.</summary>
    public bool Wide => (value & WideBit) != 0;

    /// <summary>REX.R as 0 or 8, to be added to ModRM.Reg.</summary>
    public int RegExtension => (value & RegBit) << 1;

    /// <summary>REX.X as 0 or 8, to be added to SIB.Index.</summary>
    public int IndexExtension => (value & IndexBit) << 2;

    /// <summary>REX.B as 0 or 8, to be added to ModRM.Rm, SIB.Base or the register in the opcode.</summary>
    public int BaseExtension => (value & BaseBit) << 3;
}
