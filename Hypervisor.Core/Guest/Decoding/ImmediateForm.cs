namespace Hypervisor.Core.Guest.Decoding;

/// <summary>Which immediate bytes end an instruction.</summary>
/// <remarks>The letters are those of the opcode maps, Intel SDM vol 2 appendix A.2.</remarks>
public enum ImmediateForm : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>One byte (Ib, Jb).</summary>
    Byte = 1,

    /// <summary>Two bytes (Iw).</summary>
    Word = 2,

    /// <summary>Two bytes for a 16-bit operand, otherwise four (Iz).</summary>
    OperandUpTo32 = 3,

    /// <summary>As many bytes as the operand: two, four or eight (Iv; MOV register, immediate).</summary>
    Operand = 4,

    /// <summary>An address instead of an immediate: two, four or eight bytes by address size (Ob, Ov).</summary>
    Offset = 5,

    /// <summary>A far pointer: Iz and a selector (Ap).</summary>
    FarPointer = 6,

    /// <summary>Three bytes: ENTER's Iw and Ib.</summary>
    Enter = 7,

    /// <summary>A near displacement: Iz, with the quirk of <see cref="NearBranchRule"/> in 64-bit mode (Jz).</summary>
    NearBranch = 8,

    /// <summary>Group 3 of bytes: Ib for TEST (ModRM.Reg 0 and 1), none for the rest.</summary>
    Group3Byte = 9,

    /// <summary>Group 3: Iz for TEST (ModRM.Reg 0 and 1), none for the rest.</summary>
    Group3 = 10,

    /// <summary>Two single bytes with prefix 66 or F2 (EXTRQ, INSERTQ), none without (VMREAD).</summary>
    BytePairIfPrefixed = 11,

    /// <summary>Four bytes whatever the operand size (XOP map 10).</summary>
    DoubleWord = 12,
}
