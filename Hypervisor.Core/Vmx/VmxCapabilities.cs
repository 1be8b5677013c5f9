using System;
using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Vmx;

/// <summary>What CPUID, IA32_FEATURE_CONTROL and the capability MSRs say about VMX on the executing processor (Intel SDM vol 3 §23.6, §23.7 and appendix A).</summary>
public readonly struct VmxCapabilities
{
    private const uint FeatureLeaf = 1;
    private const uint StructuredFeatureLeaf = 7;
    private const uint ExtendedStateLeaf = 0xD;
    private const uint ExtendedLeafBase = 0x8000_0000;
    private const uint ExtendedFeatureLeaf = 0x8000_0001;
    private const uint AddressSizeLeaf = 0x8000_0008;
    private const uint VmxBit = 1u << 5;
    private const uint GibibytePagesBit = 1u << 26;
    private const uint RdtscpBit = 1u << 27;
    private const uint InvpcidBit = 1u << 10;
    private const uint BoundsBit = 1u << 14;
    private const uint TraceBit = 1u << 25;
    private const uint UserWaitBit = 1u << 5;
    private const uint RdpidBit = 1u << 22;
    private const uint PconfigBit = 1u << 18;
    private const uint LastBranchBit = 1u << 19;
    private const uint XsavesBit = 1u << 3;
    private const uint ShadowStacksBit = 1u << 7;
    private const uint BranchTrackingBit = 1u << 20;
    private const int SmallestAddressBits = 36;
    private const ulong ProtectionBit = 1UL << 0;
    private const ulong PagingBit = 1UL << 31;

    /// <summary>Whether the processor has VMX.</summary>
    public bool HasVmx { get; private init; }

    /// <summary>What the firmware lets a VMM use.</summary>
    public FeatureControl FeatureControl { get; private init; }

    /// <summary>Revision, sizes, and whether the TRUE capability MSRs exist.</summary>
    public VmxBasic Basic { get; private init; }

    /// <summary>Activity states and others.</summary>
    public VmxMiscellaneous Miscellaneous { get; private init; }

    /// <summary>What EPT and VPID can do.</summary>
    public EptVpidCapabilities EptVpid { get; private init; }

    /// <summary>Pin-based controls: the TRUE capability where it exists, here and below.</summary>
    public ControlCapability Pin { get; private init; }

    /// <summary>Primary processor-based controls.</summary>
    public ControlCapability Primary { get; private init; }

    /// <summary>Secondary processor-based controls.</summary>
    public ControlCapability Secondary { get; private init; }

    /// <summary>Exit controls.</summary>
    public ControlCapability Exit { get; private init; }

    /// <summary>Entry controls.</summary>
    public ControlCapability Entry { get; private init; }

    /// <summary>CR0 bits that must be 1 in VMX operation.</summary>
    public ulong Cr0Fixed0 { get; private init; }

    /// <summary>CR0 bits that may be 1 in VMX operation.</summary>
    public ulong Cr0Fixed1 { get; private init; }

    /// <summary>CR4 bits that must be 1 in VMX operation.</summary>
    public ulong Cr4Fixed0 { get; private init; }

    /// <summary>CR4 bits that may be 1 in VMX operation.</summary>
    public ulong Cr4Fixed1 { get; private init; }

    /// <summary>What CPUID has of the features that depend on VMX controls.</summary>
    public VmxFeatures Features { get; private init; }

    /// <summary>Number of physical address bits.</summary>
    public int PhysicalAddressBits { get; private init; }

    /// <summary>Whether ordinary page tables can have pages of 1 GiB.</summary>
    public bool HasGibibytePages { get; private init; }

    /// <summary>CR0 bits that must be 1 in an unrestricted guest: PE and PG are its own (Intel SDM vol 3 §26.3.1.1).</summary>
    public ulong GuestCr0Fixed0 => Cr0Fixed0 & ~(ProtectionBit | PagingBit);

    /// <summary>Whether translations can be tagged and the tags be dropped again.</summary>
    public bool HasVpid => Secondary.Allows(SecondaryControls.EnableVpid)
        && EptVpid is { InvalidateVpid: true, InvalidateVpidSingle: true, InvalidateVpidAll: true };

    /// <summary>
    /// Whether Processor Trace can be the guest's own: its output goes through EPT, and it is off in the host. All three controls depend on each other
    /// (Intel SDM vol 3 §26.2.1.1).
    /// </summary>
    public bool HasGuestTrace => Miscellaneous.TraceInVmx
        && Secondary.Allows(SecondaryControls.TraceUsesGuestAddresses)
        && Exit.Allows(ExitControls.ClearTraceControl)
        && Entry.Allows(EntryControls.LoadTraceControl);

    /// <summary>Whether exits and entries switch the state of control-flow enforcement.</summary>
    public bool HasCetSwitch => Exit.Allows(ExitControls.LoadCet) && Entry.Allows(EntryControls.LoadCet);

    /// <summary>CR0 with what VMX operation forces to 1 and 0 (Intel SDM vol 3 §23.8).</summary>
    public ulong FixedCr0(ulong value) => (value | Cr0Fixed0) & Cr0Fixed1;

    /// <summary>CR4 with what VMX operation forces to 1 and 0 (Intel SDM vol 3 §23.8).</summary>
    public ulong FixedCr4(ulong value) => (value | Cr4Fixed0) & Cr4Fixed1;

    /// <summary>
    /// Asks the executing processor. Only registers that the ones before promise are read, so that it works under the firmware's interrupt table, too.
    /// </summary>
    public static unsafe VmxCapabilities Read()
    {
        CpuidResult result;
        Instructions.Cpuid(FeatureLeaf, 0, &result);
        if ((result.Ecx & VmxBit) == 0)
        {
            return default;
        }

        Instructions.Cpuid(ExtendedLeafBase, 0, &result);
        uint lastExtended = result.Eax;
        Instructions.Cpuid(ExtendedFeatureLeaf, 0, &result);
        bool gibibytes = lastExtended >= ExtendedFeatureLeaf && (result.Edx & GibibytePagesBit) != 0;
        VmxFeatures features = lastExtended >= ExtendedFeatureLeaf && (result.Edx & RdtscpBit) != 0 ? VmxFeatures.Rdtscp : VmxFeatures.None;
        int addressBits = SmallestAddressBits;
        if (lastExtended >= AddressSizeLeaf)
        {
            Instructions.Cpuid(AddressSizeLeaf, 0, &result);
            addressBits = (byte)result.Eax;
        }

        VmxBasic basic = new(Instructions.ReadMsr(Msr.VmxBasic));
        bool exact = basic.TrueControls;
        ControlCapability primary = ReadControl(exact ? Msr.VmxTruePrimaryControls : Msr.VmxPrimaryControls);
        ControlCapability secondary = primary.Allows(PrimaryControls.SecondaryControls) ? ReadControl(Msr.VmxSecondaryControls) : default;

        // The MSR exists with either of the two (Intel SDM vol 3 appendix A.10).
        bool tables = secondary.Allows(SecondaryControls.EnableEpt) || secondary.Allows(SecondaryControls.EnableVpid);
        return new VmxCapabilities
        {
            HasVmx = true,
            FeatureControl = new FeatureControl(Instructions.ReadMsr(Msr.FeatureControl)),
            Basic = basic,
            Miscellaneous = new VmxMiscellaneous(Instructions.ReadMsr(Msr.VmxMiscellaneous)),
            EptVpid = new EptVpidCapabilities(tables ? Instructions.ReadMsr(Msr.VmxEptVpidCapability) : 0),
            Pin = ReadControl(exact ? Msr.VmxTruePinControls : Msr.VmxPinControls),
            Primary = primary,
            Secondary = secondary,
            Exit = ReadControl(exact ? Msr.VmxTrueExitControls : Msr.VmxExitControls),
            Entry = ReadControl(exact ? Msr.VmxTrueEntryControls : Msr.VmxEntryControls),
            Cr0Fixed0 = Instructions.ReadMsr(Msr.VmxCr0Fixed0),
            Cr0Fixed1 = Instructions.ReadMsr(Msr.VmxCr0Fixed1),
            Cr4Fixed0 = Instructions.ReadMsr(Msr.VmxCr4Fixed0),
            Cr4Fixed1 = Instructions.ReadMsr(Msr.VmxCr4Fixed1),
            Features = features | ReadFeatures(),
            PhysicalAddressBits = addressBits,
            HasGibibytePages = gibibytes,
        };
    }

    /// <summary>Why this processor cannot be used; empty when it can.</summary>
    public ReadOnlySpan<byte> Refusal()
    {
        if (!HasVmx)
        {
            return "this processor has no VT-x (VMX), or another hypervisor hides it"u8;
        }

        // Unlocked is fine: each processor locks it with VMX allowed before VMXON (Intel SDM vol 3 §23.7).
        if (FeatureControl.Locked && !FeatureControl.VmxOutsideSmx)
        {
            return "VT-x (VMX) is switched off and locked by the firmware: look for 'VT-x' or 'virtualization' in its set-up"u8;
        }

        if (!Primary.Allows(PrimaryControls.SecondaryControls))
        {
            return "this processor's VT-x has no secondary controls"u8;
        }

        if (!Secondary.Allows(SecondaryControls.EnableEpt))
        {
            return "this processor's VT-x has no extended page tables (EPT)"u8;
        }

        if (!Secondary.Allows(SecondaryControls.UnrestrictedGuest))
        {
            return "this processor's VT-x has no unrestricted guests"u8;
        }

        ReadOnlySpan<byte> tables = TableRefusal();
        return tables.IsEmpty ? ControlRefusal() : tables;
    }

    private ReadOnlySpan<byte> TableRefusal()
    {
        if (!EptVpid.FourLevels)
        {
            return "this processor's extended page tables have no four levels"u8;
        }

        if (!EptVpid.WriteBackTables)
        {
            return "this processor's extended page tables cannot lie in write-back memory"u8;
        }

        // Without pages of 1 GiB every GiB of guest-physical addresses costs a table of 2 MiB entries in each of the two sets of EPT and in the host's own tables:
        // 768 KiB with 36 address bits, 6 MiB with 39, 768 MiB with 46, where the whole host shall have 8 MiB. It would fit only the parts with the fewest
        // address bits, and needs a second way of building the host's tables too, since a processor without the one has not the other either (Core of the
        // second and third generation, Atoms without Goldmont's two).
        if (!EptVpid.TwoMebibytePages || !EptVpid.GibibytePages)
        {
            return "this processor's extended page tables have no 1 GiB pages"u8;
        }

        if (!HasGibibytePages)
        {
            return "this processor has no 1 GiB pages"u8;
        }

        return EptVpid is { InvalidateEpt: true, InvalidateEptSingle: true, InvalidateEptAll: true }
            ? default
            : "this processor's VT-x has no INVEPT"u8;
    }

    private ReadOnlySpan<byte> ControlRefusal()
    {
        if (!Miscellaneous.StoresLongMode)
        {
            return "this processor's VT-x does not store EFER.LMA at an exit"u8;
        }

        if (!Miscellaneous.HasWaitForSipi)
        {
            return "this processor's VT-x has no wait-for-SIPI state"u8;
        }

        if (!Pin.Allows(VmxControls.WantedPin) || !Primary.Allows(PrimaryControls.NmiWindowExiting))
        {
            return "this processor's VT-x has no virtual NMIs"u8;
        }

        if (!Primary.Allows(PrimaryControls.UseMsrBitmaps))
        {
            return "this processor's VT-x has no MSR bitmaps"u8;
        }

        if (!Primary.Allows(PrimaryControls.UseIoBitmaps))
        {
            return "this processor's VT-x has no I/O bitmaps"u8;
        }

        return Exit.Allows(VmxControls.WantedExit) && Entry.Allows(VmxControls.WantedEntry)
            ? default
            : "this processor's VT-x cannot switch EFER and PAT"u8;
    }

    private static ControlCapability ReadControl(uint msr) => new(Instructions.ReadMsr(msr));

    private static unsafe VmxFeatures ReadFeatures()
    {
        CpuidResult result;
        Instructions.Cpuid(0, 0, &result);
        uint last = result.Eax;
        VmxFeatures features = VmxFeatures.None;
        if (last >= StructuredFeatureLeaf)
        {
            Instructions.Cpuid(StructuredFeatureLeaf, 0, &result);
            features |= (result.Ebx & InvpcidBit) != 0 ? VmxFeatures.Invpcid : 0;
            features |= (result.Ebx & BoundsBit) != 0 ? VmxFeatures.Bounds : 0;
            features |= (result.Ebx & TraceBit) != 0 ? VmxFeatures.Trace : 0;
            features |= (result.Ecx & UserWaitBit) != 0 ? VmxFeatures.UserWait : 0;
            features |= (result.Ecx & RdpidBit) != 0 ? VmxFeatures.Rdpid : 0;
            features |= (result.Edx & PconfigBit) != 0 ? VmxFeatures.Pconfig : 0;
            features |= (result.Edx & LastBranchBit) != 0 ? VmxFeatures.LastBranch : 0;
            features |= (result.Ecx & ShadowStacksBit) != 0 || (result.Edx & BranchTrackingBit) != 0 ? VmxFeatures.Cet : 0;
        }

        if (last >= ExtendedStateLeaf)
        {
            Instructions.Cpuid(ExtendedStateLeaf, 1, &result);
            features |= (result.Eax & XsavesBit) != 0 ? VmxFeatures.Xsaves : 0;
        }

        return features;
    }
}
