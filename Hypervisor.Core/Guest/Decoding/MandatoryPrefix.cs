namespace Hypervisor.Core.Guest.Decoding;

/// <summary>The prefix that is part of a vector instruction's opcode, numbered as VEX.pp.</summary>
/// <remarks>Intel SDM vol 2 §2.3.6.2; AMD APM vol 3 §1.7.2.</remarks>
public enum MandatoryPrefix : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>66.</summary>
    OperandSize = 1,

    /// <summary>F3.</summary>
    Repeat = 2,

    /// <summary>F2.</summary>
    RepeatNotEqual = 3,
}
