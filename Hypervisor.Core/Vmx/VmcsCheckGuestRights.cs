using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Vmx;

/// <summary>Access rights of CS, SS, DS, ES, FS and GS outside virtual-8086 mode (Intel SDM vol 3 §26.3.1.2).</summary>
internal static class VmcsCheckGuestRights
{
    private const int DataAccessed = 3; // read/write, accessed: what real mode has in CS
    private const int ExpandDownAccessed = 7;
    private const int AccessedBit = 1;
    private const int ReadableBit = 2;
    private const int CodeBit = 8;
    private const int ConformingBit = 4;

    internal static VmcsViolation Violation(SegmentName name, VmcsSegment segment)
    {
        VmcsViolation found = name switch
        {
            SegmentName.Cs => Code(segment),
            SegmentName.Ss => Stack(segment),
            _ => segment.Usable ? Data(name, segment) : default,
        };
        return found.Exists || !(segment.Usable || name == SegmentName.Cs) ? found : Common(name, segment);
    }

    private static VmcsViolation Code(VmcsSegment code)
    {
        int type = code.Attributes.Type;
        int stackPrivilege = VmcsSegment.Read(SegmentName.Ss).Attributes.Privilege;
        bool isCode = IsCode(type) && (type & AccessedBit) != 0;
        if (!isCode && !(type == DataAccessed && VmcsCheckGuestSegments.IsUnrestricted))
        {
            return new("guest CS"u8, "the type is not that of accessed code"u8);
        }

        if (!isCode && code.Attributes.Privilege != 0)
        {
            return new("guest CS"u8, "is a data segment, and DPL is not 0"u8);
        }

        if (isCode && !IsConforming(type) && code.Attributes.Privilege != stackPrivilege)
        {
            return new("guest CS"u8, "is not conforming, and DPL is not that of SS"u8);
        }

        if (isCode && IsConforming(type) && code.Attributes.Privilege > stackPrivilege)
        {
            return new("guest CS"u8, "is conforming, and DPL is above that of SS"u8);
        }

        bool longMode = ((EntryControls)Vmcs.ReadOrZero(VmcsField32.EntryControls) & EntryControls.Ia32eMode) != 0;
        return longMode && code.Attributes.LongMode && code.Attributes.DefaultBig ? new("guest CS"u8, "L and D are both 1"u8) : default;
    }

    /// <summary>DPL of SS is the CPL: it counts even where SS is unusable.</summary>
    private static VmcsViolation Stack(VmcsSegment stack)
    {
        int privilege = stack.Attributes.Privilege;
        bool unrestricted = VmcsCheckGuestSegments.IsUnrestricted;
        if (stack.Usable && stack.Attributes.Type is not (DataAccessed or ExpandDownAccessed))
        {
            return new("guest SS"u8, "the type is not that of accessed writable data"u8);
        }

        if (!unrestricted && privilege != stack.Selector.RequestedPrivilege)
        {
            return new("guest SS"u8, "DPL is not RPL"u8);
        }

        bool realMode = !new Cr0(Vmcs.ReadOrZero(VmcsFieldNatural.GuestCr0)).ProtectionEnable;
        bool codeIsData = VmcsSegment.Read(SegmentName.Cs).Attributes.Type == DataAccessed;
        return privilege != 0 && (realMode || codeIsData) ? new("guest SS"u8, "DPL is not 0 in real mode or with data in CS"u8) : default;
    }

    private static VmcsViolation Data(SegmentName name, VmcsSegment segment)
    {
        int type = segment.Attributes.Type;
        if ((type & AccessedBit) == 0 || (IsCode(type) && (type & ReadableBit) == 0))
        {
            return new(VmcsCheckGuestSegments.Name(name), "the type is not accessed or not readable"u8);
        }

        bool conforming = IsCode(type) && IsConforming(type);
        bool checksPrivilege = !VmcsCheckGuestSegments.IsUnrestricted && !conforming;
        return checksPrivilege && segment.Attributes.Privilege < segment.Selector.RequestedPrivilege
            ? new(VmcsCheckGuestSegments.Name(name), "DPL is below RPL"u8)
            : default;
    }

    private static VmcsViolation Common(SegmentName name, VmcsSegment segment)
    {
        if (!segment.Attributes.IsCodeOrData)
        {
            return new(VmcsCheckGuestSegments.Name(name), "is a system segment"u8);
        }

        if (!segment.Attributes.Present)
        {
            return new(VmcsCheckGuestSegments.Name(name), "is not present"u8);
        }

        if (segment.Rights.HasReservedBits)
        {
            return new(VmcsCheckGuestSegments.Name(name), "reserved bits are set in the rights"u8);
        }

        return segment.IsGranularityConsistent ? default : new(VmcsCheckGuestSegments.Name(name), "the limit's granularity does not fit"u8);
    }

    private static bool IsCode(int type) => (type & CodeBit) != 0;

    private static bool IsConforming(int type) => (type & ConformingBit) != 0;
}
