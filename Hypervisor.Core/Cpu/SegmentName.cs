namespace Hypervisor.Core.Cpu;

/// <summary>The segment registers, in the order their instruction encodings number them, then the two system ones.</summary>
public enum SegmentName
{
    /// <summary>Extra segment.</summary>
    Es,

    /// <summary>Code segment.</summary>
    Cs,

    /// <summary>Stack segment.</summary>
    Ss,

    /// <summary>Data segment.</summary>
    Ds,

    /// <summary>FS.</summary>
    Fs,

    /// <summary>GS.</summary>
    Gs,

    /// <summary>Local descriptor table.</summary>
    Ldtr,

    /// <summary>Task register.</summary>
    Tr,
}
