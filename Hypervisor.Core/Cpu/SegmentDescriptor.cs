namespace Hypervisor.Core.Cpu;

/// <summary>An entry of a GDT or LDT that describes a segment or a system segment, not a gate.</summary>
/// <remarks>Intel SDM vol 3 §3.4.5 and §3.5; AMD APM vol 2 §4.7.</remarks>
/// <param name="value">The eight bytes.</param>
public readonly struct SegmentDescriptor(ulong value)
{
    /// <summary>Bytes of a descriptor.</summary>
    public const int Size = sizeof(ulong);

    /// <summary>Offset of the byte that holds type, S, DPL and P.</summary>
    public const int TypeOffset = 5;

    private const int LimitHighShift = 32;
    private const int BaseLowShift = 16;
    private const int BaseHighShift = 32;
    private const int AttributesLowShift = 40;
    private const int AttributesHighShift = 44;
    private const ulong LimitLowMask = 0xFFFF;
    private const ulong LimitHighMask = 0xF_0000;
    private const ulong BaseLowMask = 0xFF_FFFF;
    private const ulong BaseHighMask = 0xFF00_0000;
    private const ulong AttributesLowMask = 0xFF;
    private const ulong AttributesHighMask = 0xF00;
    private const int PageShift = 12;
    private const uint PageOffsets = 0xFFF;

    /// <summary>The eight bytes.</summary>
    public ulong Value => value;

    /// <summary>Linear address of the first byte.</summary>
    public uint Base => (uint)(((value >> BaseLowShift) & BaseLowMask) | ((value >> BaseHighShift) & BaseHighMask));

    /// <summary>Last valid offset in bytes, granularity applied.</summary>
    public uint Limit
    {
        get
        {
            uint limit = (uint)((value & LimitLowMask) | ((value >> LimitHighShift) & LimitHighMask));
            return Attributes.PageGranular ? (limit << PageShift) | PageOffsets : limit;
        }
    }

    /// <summary>Type, privilege and size.</summary>
    public SegmentAttributes Attributes =>
        new((ushort)(((value >> AttributesLowShift) & AttributesLowMask) | ((value >> AttributesHighShift) & AttributesHighMask)));

    /// <summary>The segment register that a selector of this descriptor loads.</summary>
    public SegmentState Load(SegmentSelector selector) => new(selector, Base, Limit, Attributes);
}
