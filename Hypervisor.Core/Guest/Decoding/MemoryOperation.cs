namespace Hypervisor.Core.Guest.Decoding;

/// <summary>What an instruction does with its memory operand.</summary>
/// <remarks>Intel SDM vol 2 chapters 3 to 5; AMD APM vol 3 chapter 3.</remarks>
public enum MemoryOperation : byte
{
    /// <summary>Not one of the instructions that software uses on device registers: decode and emulate it elsewhere or let the guest do it
    /// once.</summary>
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

    /// <summary>STOS: store the accumulator at ES:rDI.</summary>
    StoreString,

    /// <summary>LODS: load the accumulator from DS:rSI.</summary>
    LoadString,

    /// <summary>MOVS: copy from DS:rSI to ES:rDI. Either may be the address that trapped.</summary>
    MoveString,
}
