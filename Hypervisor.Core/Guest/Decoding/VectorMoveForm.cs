namespace Hypervisor.Core.Guest.Decoding;

/// <summary>A vector instruction that copies between a register and memory, and does nothing else.</summary>
/// <remarks>Intel SDM vol 2 chapter 4, entries MOVAPS to MOVUPS, LDDQU; opcode maps: appendix A. AMD APM vol 4.</remarks>
public readonly struct VectorMoveForm
{
    /// <summary>In place of a size: the whole register, 16 bytes or 32 by VEX.L.</summary>
    public const byte WholeRegister = 0;

    private const byte LowHalf = 8;

    private VectorMoveForm(MemoryOperation operation, byte size, bool aligned = false, bool isScalar = false)
    {
        Operation = operation;
        Size = size;
        IsAligned = aligned;
        IsScalar = isScalar;
    }

    /// <summary>What is done; unknown for all other instructions.</summary>
    public MemoryOperation Operation { get; }

    /// <summary>Bytes of memory, or <see cref="WholeRegister"/>.</summary>
    public byte Size { get; }

    /// <summary>The operand has to be aligned to its size (#GP).</summary>
    public bool IsAligned { get; }

    /// <summary>MOVSS, MOVSD: VEX.L does not matter; for other parts of a register it has to be clear.</summary>
    public bool IsScalar { get; }

    /// <summary>The instruction takes one half from the register that VEX.vvvv names.</summary>
    public bool HasSource => Operation is MemoryOperation.VectorLoadLow or MemoryOperation.VectorLoadHigh;

    /// <summary>Looks up an opcode with a memory operand.</summary>
    /// <param name="map">Its map.</param>
    /// <param name="prefix">The prefix that belongs to it.</param>
    /// <param name="opcode">The opcode byte.</param>
    /// <param name="wide">REX.W or VEX.W, in 64-bit mode.</param>
    public static VectorMoveForm Find(OpcodeMap map, MandatoryPrefix prefix, byte opcode, bool wide) => map switch
    {
        OpcodeMap.Escape0F => FindEscape0F(prefix, opcode, wide),
        OpcodeMap.Escape0F38 when opcode == 0x2A && prefix == MandatoryPrefix.OperandSize =>
            new VectorMoveForm(MemoryOperation.VectorLoad, WholeRegister, aligned: true), // MOVNTDQA
        _ => default,
    };

    private static VectorMoveForm FindEscape0F(MandatoryPrefix prefix, byte opcode, bool wide)
    {
        bool isPacked = prefix is MandatoryPrefix.None or MandatoryPrefix.OperandSize;
        bool isInteger = prefix is MandatoryPrefix.OperandSize or MandatoryPrefix.Repeat;
        byte general = (byte)(wide ? 8 : 4);
        switch (opcode)
        {
            case 0x10 or 0x11: // MOVUPS, MOVUPD, MOVSS, MOVSD
                byte size = prefix == MandatoryPrefix.Repeat ? (byte)4 : prefix == MandatoryPrefix.RepeatNotEqual ? (byte)8 : WholeRegister;
                return new VectorMoveForm(Direction(opcode == 0x11), size, isScalar: !isPacked);
            case 0x12 when isPacked: // MOVLPS, MOVLPD
                return new VectorMoveForm(MemoryOperation.VectorLoadLow, LowHalf);
            case 0x13 when isPacked:
                return new VectorMoveForm(MemoryOperation.VectorStore, LowHalf);
            case 0x16 when isPacked: // MOVHPS, MOVHPD
                return new VectorMoveForm(MemoryOperation.VectorLoadHigh, LowHalf);
            case 0x17 when isPacked:
                return new VectorMoveForm(MemoryOperation.VectorStoreHigh, LowHalf);
            case 0x28 or 0x29 when isPacked: // MOVAPS, MOVAPD
                return new VectorMoveForm(Direction(opcode == 0x29), WholeRegister, aligned: true);
            case 0x2B when isPacked: // MOVNTPS, MOVNTPD
                return new VectorMoveForm(MemoryOperation.VectorStore, WholeRegister, aligned: true);
            case 0x6E when prefix == MandatoryPrefix.OperandSize: // MOVD, MOVQ
                return new VectorMoveForm(MemoryOperation.VectorLoad, general);
            case 0x7E when prefix == MandatoryPrefix.OperandSize:
                return new VectorMoveForm(MemoryOperation.VectorStore, general);
            case 0x7E when prefix == MandatoryPrefix.Repeat: // MOVQ
                return new VectorMoveForm(MemoryOperation.VectorLoad, LowHalf);
            case 0xD6 when prefix == MandatoryPrefix.OperandSize:
                return new VectorMoveForm(MemoryOperation.VectorStore, LowHalf);
            case 0x6F or 0x7F when isInteger: // MOVDQA, MOVDQU
                return new VectorMoveForm(Direction(opcode == 0x7F), WholeRegister, aligned: prefix == MandatoryPrefix.OperandSize);
            case 0xE7 when prefix == MandatoryPrefix.OperandSize: // MOVNTDQ
                return new VectorMoveForm(MemoryOperation.VectorStore, WholeRegister, aligned: true);
            case 0xF0 when prefix == MandatoryPrefix.RepeatNotEqual: // LDDQU
                return new VectorMoveForm(MemoryOperation.VectorLoad, WholeRegister);
            default:
                return default;
        }
    }

    private static MemoryOperation Direction(bool store) => store ? MemoryOperation.VectorStore : MemoryOperation.VectorLoad;
}
