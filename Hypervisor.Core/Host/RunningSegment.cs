using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Host;

/// <summary>Segment registers of the running processor, read back from the descriptors they were loaded from (Intel SDM vol 3 §3.4.5; AMD APM vol 2 §4.7).</summary>
public static unsafe class RunningSegment
{
    /// <summary>
    /// A segment register. Attributes are 0, so that it is not present, where the selector is null or names no descriptor of the GDT; bases of 64-bit code and
    /// data do not count and are not looked for in MSRs.
    /// </summary>
    public static SegmentState Read(DescriptorTableRegister gdt, SegmentName name)
    {
        SegmentSelector selector = new(Instructions.ReadSelector(name));
        if (selector.IsNull || selector.IsLocal || selector.Offset + SegmentDescriptor.Size - 1 > gdt.Limit)
        {
            return new SegmentState(selector, 0, 0, default);
        }

        SegmentDescriptor descriptor = new(*(ulong*)(gdt.Base + (ulong)selector.Offset));
        ulong start = descriptor.Base;
        bool isWide = !descriptor.Attributes.IsCodeOrData && selector.Offset + (2 * SegmentDescriptor.Size) - 1 <= gdt.Limit;
        if (isWide)
        {
            start |= *(ulong*)(gdt.Base + (ulong)selector.Offset + SegmentDescriptor.Size) << 32; // LDT and TSS have 64-bit bases in long mode
        }

        return new SegmentState(selector, start, descriptor.Limit, descriptor.Attributes);
    }
}
