namespace Hypervisor.Core.Cpu;

/// <summary>The six segment registers, numbered as instructions encode them.</summary>
/// <remarks>Intel SDM vol 2 table B-8; AMD APM vol 3 §1.4.1.</remarks>
public enum SegmentRegister : byte
{
    /// <summary>ES, the destination of string instructions.</summary>
    Es = 0,

    /// <summary>CS, the code.</summary>
    Cs = 1,

    /// <summary>SS, the stack.</summary>
    Ss = 2,

    /// <summary>DS, data unless something else is said.</summary>
    Ds = 3,

    /// <summary>FS.</summary>
    Fs = 4,

    /// <summary>GS.</summary>
    Gs = 5,
}
