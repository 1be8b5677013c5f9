using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Vmx;

/// <summary>A segment register of the guest as the VMCS holds it (Intel SDM vol 3 §24.4.1).</summary>
/// <param name="selector">Selector.</param>
/// <param name="baseAddress">Base.</param>
/// <param name="limit">Limit.</param>
/// <param name="rights">Access rights.</param>
public readonly struct VmcsSegment(SegmentSelector selector, ulong baseAddress, uint limit, VmxAccessRights rights)
{
    private const uint PageOffsetMask = 0xFFF;
    private const int LargestByteLimitBits = 20;

    /// <summary>A segment register of the current VMCS.</summary>
    public static VmcsSegment Read(SegmentName name) => new(
        new SegmentSelector(Vmcs.ReadOrZero(Vmcs.Selector(name))),
        Vmcs.ReadOrZero(Vmcs.Base(name)),
        Vmcs.ReadOrZero(Vmcs.Limit(name)),
        new VmxAccessRights(Vmcs.ReadOrZero(Vmcs.AccessRights(name))));

    /// <summary>Gives the guest a segment register; one that is not present becomes unusable.</summary>
    public static void Write(SegmentName name, SegmentState segment)
    {
        Vmcs.Write(Vmcs.Selector(name), segment.Selector.Value);
        Vmcs.Write(Vmcs.Base(name), segment.Base);
        Vmcs.Write(Vmcs.Limit(name), segment.Limit);
        Vmcs.Write(Vmcs.AccessRights(name), segment.Attributes.VmxAccessRights);
    }

    /// <summary>The same without the marks of VMX: one that is unusable is not present.</summary>
    public SegmentState State => new(selector, baseAddress, limit, Usable ? Attributes : Attributes.AsAbsent);

    /// <summary>Selector.</summary>
    public SegmentSelector Selector => selector;

    /// <summary>Base.</summary>
    public ulong Base => baseAddress;

    /// <summary>Limit in bytes.</summary>
    public uint Limit => limit;

    /// <summary>Access rights.</summary>
    public VmxAccessRights Rights => rights;

    /// <summary>The register holds a segment.</summary>
    public bool Usable => !rights.Unusable;

    /// <summary>Type, privilege and size.</summary>
    public SegmentAttributes Attributes => rights.Attributes;

    /// <summary>The limit can come from a descriptor with this granularity (§26.3.1.2).</summary>
    public bool IsGranularityConsistent => Attributes.PageGranular ? (limit & PageOffsetMask) == PageOffsetMask : limit >> LargestByteLimitBits == 0;
}
