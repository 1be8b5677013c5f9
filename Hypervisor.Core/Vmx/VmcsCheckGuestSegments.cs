using System;
using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Vmx;

/// <summary>Segment registers of the guest, and its descriptor-table registers (Intel SDM vol 3 §26.3.1.2 and §26.3.1.3).</summary>
public static class VmcsCheckGuestSegments
{
    private const int BaseShift = 4;
    private const int AddressBits = 32;
    private const uint Virtual8086Limit = 0xFFFF;
    private const int TableLimitBits = 16;
    private const int Busy16BitTask = 3;
    private const int LocalTable = 2;
    private const int Busy32BitTask = 11;

    /// <summary>The first rule broken.</summary>
    public static VmcsViolation Violation()
    {
        bool virtual8086 = new RFlags(Vmcs.ReadOrZero(VmcsFieldNatural.GuestRFlags)).Virtual8086;
        VmcsViolation found = Selectors(virtual8086);
        for (SegmentName name = SegmentName.Es; name <= SegmentName.Gs && !found.Exists; name++)
        {
            VmcsSegment segment = VmcsSegment.Read(name);
            found = virtual8086 ? Virtual8086(name, segment) : BaseOf(name, segment);
        }

        for (SegmentName name = SegmentName.Es; name <= SegmentName.Gs && !found.Exists && !virtual8086; name++)
        {
            found = VmcsCheckGuestRights.Violation(name, VmcsSegment.Read(name));
        }

        found = found.Exists ? found : TaskRegister(VmcsSegment.Read(SegmentName.Tr));
        found = found.Exists ? found : LocalTableRegister(VmcsSegment.Read(SegmentName.Ldtr));
        return found.Exists ? found : Tables();
    }

    /// <summary>A segment register's name.</summary>
    internal static ReadOnlySpan<byte> Name(SegmentName segment) => segment switch
    {
        SegmentName.Es => "guest ES"u8,
        SegmentName.Cs => "guest CS"u8,
        SegmentName.Ss => "guest SS"u8,
        SegmentName.Ds => "guest DS"u8,
        SegmentName.Fs => "guest FS"u8,
        SegmentName.Gs => "guest GS"u8,
        SegmentName.Ldtr => "guest LDTR"u8,
        _ => "guest TR"u8,
    };

    /// <summary>Whether real mode and paging off are allowed.</summary>
    internal static bool IsUnrestricted => (VmcsCheckExecutionControls.Secondary() & SecondaryControls.UnrestrictedGuest) != 0;

    private static VmcsViolation Selectors(bool virtual8086)
    {
        VmcsSegment local = VmcsSegment.Read(SegmentName.Ldtr);
        if (VmcsSegment.Read(SegmentName.Tr).Selector.IsLocal)
        {
            return new("guest TR"u8, "the selector is one of the LDT"u8);
        }

        if (local.Usable && local.Selector.IsLocal)
        {
            return new("guest LDTR"u8, "the selector is one of the LDT"u8);
        }

        int stack = VmcsSegment.Read(SegmentName.Ss).Selector.RequestedPrivilege;
        return !virtual8086 && !IsUnrestricted && stack != VmcsSegment.Read(SegmentName.Cs).Selector.RequestedPrivilege
            ? new("guest SS"u8, "RPL is not that of CS"u8)
            : default;
    }

    private static VmcsViolation Virtual8086(SegmentName name, VmcsSegment segment)
    {
        if (segment.Base != (ulong)segment.Selector.Value << BaseShift)
        {
            return new(Name(name), "virtual-8086 mode: the base is not 16 times the selector"u8);
        }

        if (segment.Limit != Virtual8086Limit)
        {
            return new(Name(name), "virtual-8086 mode: the limit is not FFFF"u8);
        }

        return segment.Rights.Value != VmxAccessRights.Virtual8086 ? new(Name(name), "virtual-8086 mode: the rights are not F3"u8) : default;
    }

    private static VmcsViolation BaseOf(SegmentName name, VmcsSegment segment)
    {
        if (name is SegmentName.Fs or SegmentName.Gs)
        {
            return VmxFacts.IsCanonical(segment.Base) ? default : new(Name(name), "the base is not canonical"u8);
        }

        bool counts = name == SegmentName.Cs || segment.Usable;
        return counts && segment.Base >> AddressBits != 0 ? new(Name(name), "the base is wider than 32 bits"u8) : default;
    }

    private static VmcsViolation TaskRegister(VmcsSegment task)
    {
        bool longMode = ((EntryControls)Vmcs.ReadOrZero(VmcsField32.EntryControls) & EntryControls.Ia32eMode) != 0;
        if (!VmxFacts.IsCanonical(task.Base))
        {
            return new("guest TR"u8, "the base is not canonical"u8);
        }

        if (!task.Usable)
        {
            return new("guest TR"u8, "is unusable"u8);
        }

        if (task.Attributes.Type != Busy32BitTask && (longMode || task.Attributes.Type != Busy16BitTask))
        {
            return new("guest TR"u8, "the type is not that of a busy task"u8);
        }

        return System("guest TR"u8, task);
    }

    private static VmcsViolation LocalTableRegister(VmcsSegment local)
    {
        if (!local.Usable)
        {
            return default;
        }

        if (!VmxFacts.IsCanonical(local.Base))
        {
            return new("guest LDTR"u8, "the base is not canonical"u8);
        }

        return local.Attributes.Type != LocalTable ? new("guest LDTR"u8, "the type is not that of an LDT"u8) : System("guest LDTR"u8, local);
    }

    private static VmcsViolation System(ReadOnlySpan<byte> name, VmcsSegment segment)
    {
        if (segment.Attributes.IsCodeOrData)
        {
            return new(name, "is not a system segment"u8);
        }

        if (!segment.Attributes.Present)
        {
            return new(name, "is not present"u8);
        }

        if (segment.Rights.HasReservedBits)
        {
            return new(name, "reserved bits are set in the rights"u8);
        }

        return segment.IsGranularityConsistent ? default : new(name, "the limit's granularity does not fit"u8);
    }

    private static VmcsViolation Tables()
    {
        if (!VmxFacts.IsCanonical(Vmcs.ReadOrZero(VmcsFieldNatural.GuestGdtrBase)) || Vmcs.ReadOrZero(VmcsField32.GuestGdtrLimit) >> TableLimitBits != 0)
        {
            return new("guest GDTR"u8, "the base is not canonical or the limit too large"u8);
        }

        return !VmxFacts.IsCanonical(Vmcs.ReadOrZero(VmcsFieldNatural.GuestIdtrBase)) || Vmcs.ReadOrZero(VmcsField32.GuestIdtrLimit) >> TableLimitBits != 0
            ? new("guest IDTR"u8, "the base is not canonical or the limit too large"u8)
            : default;
    }
}
