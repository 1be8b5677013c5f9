using Hypervisor.Core.Cpu;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Vmx;

/// <summary>Page-directory-pointer entries of PAE paging (Intel SDM vol 3 §26.3.1.6 and §4.4.1).</summary>
public static class VmcsCheckGuestPaging
{
    private const int Entries = 4;
    private const uint FieldStride = 2;

    /// <summary>The first rule broken.</summary>
    public static VmcsViolation Violation()
    {
        bool longMode = ((EntryControls)Vmcs.ReadOrZero(VmcsField32.EntryControls) & EntryControls.Ia32eMode) != 0;
        bool pae = new Cr0(Vmcs.ReadOrZero(VmcsFieldNatural.GuestCr0)).Paging
            && new Cr4(Vmcs.ReadOrZero(VmcsFieldNatural.GuestCr4)).PhysicalAddressExtension
            && !longMode;
        bool ept = (VmcsCheckExecutionControls.Secondary() & SecondaryControls.EnableEpt) != 0;
        if (!pae || !ept)
        {
            return default;
        }

        int bits = VmxFacts.PhysicalAddressBits;
        for (uint i = 0; i < Entries; i++)
        {
            PageEntry entry = new(Vmcs.ReadOrZero(VmcsField64.GuestPdpte0 + (i * FieldStride)));
            if (entry.Present && !entry.IsPaePointerValid(bits))
            {
                return new("guest PDPTEs"u8, "reserved bits are set"u8);
            }
        }

        return default;
    }
}
