using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Host;

/// <summary>Segment registers of the running processor, read back from the descriptors they were loaded from (Intel SDM vol 3 §3.4.5; AMD APM vol 2 §4.7).</summary>
public static unsafe class RunningSegment
{
    private const int DescriptorSize = 8;

    /// <summary>
    /// A segment register. Attributes are 0, so that it is not present, where the selector is null or names no descriptor of the GDT; bases of 64-bit code and
    /// data do not count and are not looked for in MSRs.
    /// </summary>
    public static SegmentState Read(DescriptorTableRegister gdt, SegmentName name)
    {
        SegmentSelector selector = new(Instructions.ReadSelector(name));
        if (selector.IsNull || selector.IsLocal || selector.Offset + DescriptorSize - 1 > gdt.Limit)
        {
            return new SegmentState(selector, 0, 0, default);
        }

        ulong descriptor = *(ulong*)(gdt.Base + (ulong)selector.Offset);
        SegmentAttributes attributes = new((ushort)(((descriptor >> 40) & 0xFF) | ((descriptor >> 44) & 0xF00)));
        uint limit = (uint)((descriptor & 0xFFFF) | ((descriptor >> 32) & 0xF_0000));
        ulong start = ((descriptor >> 16) & 0xFF_FFFF) | ((descriptor >> 32) & 0xFF00_0000);
        bool isWide = !attributes.IsCodeOrData && selector.Offset + (2 * DescriptorSize) - 1 <= gdt.Limit;
        if (isWide)
        {
            start |= *(ulong*)(gdt.Base + (ulong)selector.Offset + DescriptorSize) << 32; // LDT and TSS have 64-bit bases in long mode
        }

        return new SegmentState(selector, start, attributes.PageGranular ? (limit << 12) | 0xFFF : limit, attributes);
    }
}
