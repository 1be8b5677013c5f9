namespace Hypervisor.Core.Guest.Decoding;

/// <summary>What stands beside the memory operand.</summary>
public enum OtherOperand : byte
{
    /// <summary>Nothing: INC, DEC, NOT, NEG, MOVS.</summary>
    None = 0,

    /// <summary>A general register.</summary>
    Register,

    /// <summary>An immediate value.</summary>
    Immediate,
}
