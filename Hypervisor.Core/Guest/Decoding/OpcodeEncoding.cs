namespace Hypervisor.Core.Guest.Decoding;

/// <summary>How an opcode is introduced.</summary>
/// <remarks>Intel SDM vol 2 §2.1 to §2.7; AMD APM vol 3 §1.1.</remarks>
public enum OpcodeEncoding : byte
{
    /// <summary>Plain opcode, with or without 0F escapes.</summary>
    Legacy = 0,

    /// <summary>Two- or three-byte VEX prefix (C5, C4).</summary>
    Vex = 1,

    /// <summary>Four-byte EVEX prefix (62).</summary>
    Evex = 2,

    /// <summary>Three-byte XOP prefix (8F, AMD).</summary>
    Xop = 3,
}
