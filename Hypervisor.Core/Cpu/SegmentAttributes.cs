namespace Hypervisor.Core.Cpu;

/// <summary>The attributes of a segment as its descriptor holds them, twelve bits without the gap of the limit field.</summary>
/// <remarks>
/// This is the form of the VMCB (AMD APM vol 2 §15.5.1: descriptor bits 55:52 and 47:40). The VMCS keeps the gap and has a bit for
/// "unusable" (Intel SDM vol 3 §24.4.1): <see cref="VmxAccessRights"/>. Descriptor fields: SDM vol 3 §3.4.5.
/// </remarks>
/// <param name="value">Bits 3:0 type, 4 S, 6:5 DPL, 7 P, 8 AVL, 9 L, 10 D/B, 11 G.</param>
public readonly struct SegmentAttributes(ushort value)
{
    private const int NonSystemBit = 1 << 4;
    private const int PresentBit = 1 << 7;
    private const int LongModeBit = 1 << 9;
    private const int DefaultBigBit = 1 << 10;
    private const int GranularityBit = 1 << 11;
    private const uint VmxUnusableBit = 1u << 16;

    /// <summary>The packed twelve bits.</summary>
    public ushort Value => value;

    /// <summary>Segment or gate type, 0 to 15.</summary>
    public int Type => value & 0xF;

    /// <summary>S: a code or data segment; false for LDT, TSS and gates.</summary>
    public bool IsCodeOrData => (value & NonSystemBit) != 0;

    /// <summary>DPL: descriptor privilege level, 0 to 3. For SS it is the CPL.</summary>
    public int Privilege => (value >> 5) & 3;

    /// <summary>P: the segment is present.</summary>
    public bool Present => (value & PresentBit) != 0;

    /// <summary>L: 64-bit code, where the segment is code and long mode is active.</summary>
    public bool LongMode => (value & LongModeBit) != 0;

    /// <summary>D/B: 32-bit code or stack.</summary>
    public bool DefaultBig => (value & DefaultBigBit) != 0;

    /// <summary>G: the limit counts 4 KiB units.</summary>
    public bool PageGranular => (value & GranularityBit) != 0;

    /// <summary>The VMCS form: bits 7:0, then 15:12, and bit 16 ("unusable") where the segment is not present.</summary>
    public uint VmxAccessRights => (value & 0xFFu) | ((value & 0xF00u) << 4) | (Present ? 0 : VmxUnusableBit);
}
