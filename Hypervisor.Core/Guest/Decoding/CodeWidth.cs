namespace Hypervisor.Core.Guest.Decoding;

/// <summary>How wide the code is that the processor runs: it sets the default operand and address size of every instruction.</summary>
/// <remarks>From CS.L and CS.D (Intel SDM vol 3 §5.2.1; AMD APM vol 2 §4.8.1).</remarks>
public enum CodeWidth : byte
{
    /// <summary>Real mode, virtual-8086 mode, or CS.D = 0.</summary>
    Bits16 = 0,

    /// <summary>Protected or compatibility mode with CS.D = 1.</summary>
    Bits32 = 1,

    /// <summary>64-bit mode: long mode active and CS.L = 1.</summary>
    Bits64 = 2,
}
