namespace Hypervisor.Core.Guest.Decoding;

/// <summary>What an instruction does with its memory operand.</summary>
/// <remarks>Intel SDM vol 2 chapters 3 to 5; AMD APM vol 3 chapter 3.</remarks>
public enum MemoryOperation : byte
{
    /// <summary>Not one of the instructions that software uses on device registers: let the guest do it once.</summary>
    Unknown = 0,

    /// <summary>MOV, MOVNTI, MOVDIRI: copy.</summary>
    Move,

    /// <summary>MOVZX: load, zero-extend to the register.</summary>
    MoveZeroExtend,

    /// <summary>MOVSX, MOVSXD: load, sign-extend to the register.</summary>
    MoveSignExtend,

    /// <summary>MOVBE: copy with the bytes in reverse order.</summary>
    MoveReversed,

    /// <summary>XCHG: exchange, locked with or without prefix.</summary>
    Exchange,

    /// <summary>ADD.</summary>
    Add,

    /// <summary>OR.</summary>
    Or,

    /// <summary>ADC: add with carry.</summary>
    AddWithCarry,

    /// <summary>SBB: subtract with borrow.</summary>
    SubtractWithBorrow,

    /// <summary>AND.</summary>
    And,

    /// <summary>SUB.</summary>
    Subtract,

    /// <summary>XOR.</summary>
    ExclusiveOr,

    /// <summary>CMP: subtract, keep the flags only.</summary>
    Compare,

    /// <summary>TEST: and, keep the flags only.</summary>
    Test,

    /// <summary>INC: add one, the carry flag stays.</summary>
    Increment,

    /// <summary>DEC: subtract one, the carry flag stays.</summary>
    Decrement,

    /// <summary>NOT: one's complement, no flags.</summary>
    Not,

    /// <summary>NEG: two's complement.</summary>
    Negate,

    /// <summary>BT: the carry flag takes a bit.</summary>
    BitTest,

    /// <summary>BTS: the carry flag takes a bit, the bit becomes 1.</summary>
    BitTestAndSet,

    /// <summary>BTR: the carry flag takes a bit, the bit becomes 0.</summary>
    BitTestAndReset,

    /// <summary>BTC: the carry flag takes a bit, the bit changes.</summary>
    BitTestAndComplement,

    /// <summary>XADD: exchange, then add.</summary>
    ExchangeAdd,

    /// <summary>CMPXCHG: compare with the accumulator, store the register if equal, else load the accumulator.</summary>
    CompareExchange,

    /// <summary>CMPXCHG8B, CMPXCHG16B: the same with rDX:rAX and rCX:rBX.</summary>
    CompareExchangeWide,

    /// <summary>ROL.</summary>
    RotateLeft,

    /// <summary>ROR.</summary>
    RotateRight,

    /// <summary>RCL: rotate through the carry flag.</summary>
    RotateCarryLeft,

    /// <summary>RCR: rotate through the carry flag.</summary>
    RotateCarryRight,

    /// <summary>SHL, under both its opcodes.</summary>
    ShiftLeft,

    /// <summary>SHR.</summary>
    ShiftRight,

    /// <summary>SAR: shift, the sign stays.</summary>
    ShiftArithmeticRight,

    /// <summary>SHLD: bits of the register follow from the right.</summary>
    ShiftLeftDouble,

    /// <summary>SHRD: bits of the register follow from the left.</summary>
    ShiftRightDouble,

    /// <summary>MUL: rDX:rAX (AX for bytes) becomes the accumulator times the operand.</summary>
    Multiply,

    /// <summary>IMUL with one operand: the same, signed.</summary>
    MultiplySigned,

    /// <summary>IMUL with two or three operands: the register becomes itself or the immediate times the operand.</summary>
    MultiplyToRegister,

    /// <summary>DIV: rDX:rAX (AX for bytes) by the operand.</summary>
    Divide,

    /// <summary>IDIV: the same, signed.</summary>
    DivideSigned,

    /// <summary>SETcc: a byte becomes 1 or 0.</summary>
    SetCondition,

    /// <summary>CMOVcc: load, keep it if a condition holds.</summary>
    MoveConditional,

    /// <summary>MOV from a segment register: 16 bits.</summary>
    MoveSegment,

    /// <summary>PUSH of the operand.</summary>
    Push,

    /// <summary>POP into the operand.</summary>
    Pop,

    /// <summary>CALL, near, to the address in the operand.</summary>
    Call,

    /// <summary>JMP, near, to the address in the operand.</summary>
    Jump,

    /// <summary>Load into a vector register, zeros above what is loaded up to 128 bits.</summary>
    VectorLoad,

    /// <summary>Store the low part of a vector register.</summary>
    VectorStore,

    /// <summary>MOVLPS, MOVLPD: load bits 63:0, keep 127:64.</summary>
    VectorLoadLow,

    /// <summary>MOVHPS, MOVHPD: load bits 127:64, keep 63:0.</summary>
    VectorLoadHigh,

    /// <summary>MOVHPS, MOVHPD: store bits 127:64.</summary>
    VectorStoreHigh,

    /// <summary>STOS: store the accumulator at ES:rDI.</summary>
    StoreString,

    /// <summary>LODS: load the accumulator from DS:rSI.</summary>
    LoadString,

    /// <summary>MOVS: copy from DS:rSI to ES:rDI. Either may be the address that trapped.</summary>
    MoveString,

    /// <summary>CMPS: compare DS:rSI with ES:rDI, keep the flags.</summary>
    CompareString,

    /// <summary>SCAS: compare the accumulator with ES:rDI, keep the flags.</summary>
    ScanString,
}
