using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Vmx;

/// <summary>RIP and RFLAGS of the guest (Intel SDM vol 3 §26.3.1.4).</summary>
public static class VmcsCheckGuestFlow
{
    private const int NarrowBits = 32;
    private const ulong FlagsReserved = 0xFFFF_FFFF_FFC0_8028; // bits 63:22, 15, 5 and 3

    /// <summary>The first rule broken.</summary>
    public static VmcsViolation Violation()
    {
        ulong rip = Vmcs.ReadOrZero(VmcsFieldNatural.GuestRip);
        RFlags flags = new(Vmcs.ReadOrZero(VmcsFieldNatural.GuestRFlags));
        bool longMode = ((EntryControls)Vmcs.ReadOrZero(VmcsField32.EntryControls) & EntryControls.Ia32eMode) != 0;
        bool wide = longMode && VmcsSegment.Read(SegmentName.Cs).Attributes.LongMode;
        if (!wide && rip >> NarrowBits != 0)
        {
            return new("guest RIP"u8, "is wider than 32 bits outside 64-bit code"u8);
        }

        if (wide && !VmxFacts.IsCanonical(rip))
        {
            return new("guest RIP"u8, "is not canonical"u8);
        }

        if ((flags.Value & FlagsReserved) != 0 || !flags.Fixed)
        {
            return new("guest RFLAGS"u8, "reserved bits are set, or bit 1 is 0"u8);
        }

        if (flags.Virtual8086 && (longMode || !new Cr0(Vmcs.ReadOrZero(VmcsFieldNatural.GuestCr0)).ProtectionEnable))
        {
            return new("guest RFLAGS"u8, "VM in long mode or real mode"u8);
        }

        InterruptionInformation injected = new(Vmcs.ReadOrZero(VmcsField32.EntryInterruptionInformation));
        return injected.IsValid && injected.Type == InterruptionType.External && !flags.InterruptEnable
            ? new("guest RFLAGS"u8, "an interrupt is injected, and IF is 0"u8)
            : default;
    }
}
