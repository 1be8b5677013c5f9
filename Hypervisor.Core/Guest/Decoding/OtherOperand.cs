namespace Hypervisor.Core.Guest.Decoding;

/// <summary>What stands beside the memory operand.</summary>
public enum OtherOperand : byte
{
    /// <summary>Nothing, or what the operation implies: INC, NOT, MUL, CMPXCHG8B, PUSH, MOVS.</summary>
    None = 0,

    /// <summary>A general register.</summary>
    Register,

    /// <summary>An immediate value.</summary>
    Immediate,

    /// <summary>A segment register: MOV from one.</summary>
    Segment,

    /// <summary>A vector register.</summary>
    Vector,
}
