namespace Hypervisor.Core.Guest.Decoding;

/// <summary>The table an opcode byte is looked up in; the numbers are those of the VEX and XOP map-select fields.</summary>
/// <remarks>Intel SDM vol 2 §2.3.6.1; AMD APM vol 3 §1.1 and appendix A.</remarks>
public enum OpcodeMap : byte
{
    /// <summary>One-byte opcodes.</summary>
    Primary = 0,

    /// <summary>Opcodes behind 0F.</summary>
    Escape0F = 1,

    /// <summary>Opcodes behind 0F 38.</summary>
    Escape0F38 = 2,

    /// <summary>Opcodes behind 0F 3A.</summary>
    Escape0F3A = 3,

    /// <summary>EVEX map 5 (half-precision arithmetic).</summary>
    Map5 = 5,

    /// <summary>EVEX map 6 (half-precision arithmetic).</summary>
    Map6 = 6,

    /// <summary>XOP map 8: an immediate byte follows.</summary>
    Xop8 = 8,

    /// <summary>XOP map 9.</summary>
    Xop9 = 9,

    /// <summary>XOP map 10: an immediate doubleword follows.</summary>
    Xop10 = 10,
}
