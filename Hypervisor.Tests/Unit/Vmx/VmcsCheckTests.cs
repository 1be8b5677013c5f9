using System;
using System.Text;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Vmx;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Vmx;

/// <summary>The conditions of Intel SDM vol 3 §26.2 and §26.3.1, each violated alone.</summary>
public sealed class VmcsCheckTests : IDisposable
{
    private const ulong NotCanonical = 1ul << 47;
    private const ulong TooWide = 1ul << VmxGuestFields.AddressBits;

    private readonly SimulatedProcessor _processor = new(0, CpuidTable.Tcg());

    public VmcsCheckTests()
    {
        VmxGuestFields.AddCapabilities(_processor);
        Instructions.Processor = _processor;
    }

    public void Dispose() => Instructions.Processor = null;

    [Fact]
    public void A_guest_in_64_bit_mode_passes() => AssertViolation("", _ => { });

    [Fact]
    public void A_guest_in_real_mode_passes() => AssertViolation("", EnterRealMode);

    [Fact]
    public void A_guest_in_32_bit_mode_with_PAE_passes() => AssertViolation("", EnterPaeMode);

    [Fact]
    public void A_guest_in_virtual_8086_mode_passes() => AssertViolation("", EnterVirtual8086Mode);

    [Fact]
    public void A_processor_that_waits_for_SIPI_passes() => AssertViolation("", v =>
    {
        EnterRealMode(v);
        v[(uint)VmcsField32.GuestActivityState] = (uint)VmxActivityState.WaitForSipi;
    });

    [Theory]
    [InlineData(VmcsField32.PinControls, 0x02u, "pin-based controls: one is off that must be on")]
    [InlineData(VmcsField32.PinControls, 1u << 20, "pin-based controls: one is on that must be off")]
    [InlineData(VmcsField32.PinControls, 1u << 3, "pin-based controls: virtual NMIs without NMI exiting")]
    [InlineData(VmcsField32.PinControls, 1u << 7, "pin-based controls: posted interrupts without")]
    [InlineData(VmcsField32.PrimaryControls, 0x02u, "primary controls: one is off")]
    [InlineData(VmcsField32.PrimaryControls, 1u << 0, "primary controls: one is on")]
    [InlineData(VmcsField32.SecondaryControls, 1u << 1, "secondary controls: one is on that needs EPT")]
    [InlineData(VmcsField32.SecondaryControls, 1u << 4, "secondary controls: APIC virtualisation without the TPR shadow")]
    [InlineData(VmcsField32.SecondaryControls, 1u << 25, "TSC multiplier: is 0")]
    [InlineData(VmcsField32.Cr3TargetCount, 5u, "CR3 target count")]
    [InlineData(VmcsField32.ExitControls, 0x02u, "VM-exit controls: one is off")]
    [InlineData(VmcsField32.ExitControls, 1u << 31, "VM-exit controls: one is on")]
    [InlineData(VmcsField32.ExitControls, 1u << 22, "VM-exit controls: the preemption timer")]
    [InlineData(VmcsField32.ExitControls, 1u << 9, "host EFER: LMA or LME")]
    [InlineData(VmcsField32.EntryControls, 0x02u, "VM-entry controls: one is off")]
    [InlineData(VmcsField32.EntryControls, 1u << 31, "VM-entry controls: one is on")]
    [InlineData(VmcsField32.EntryControls, 1u << 10, "VM-entry controls: entry to SMM")]
    [InlineData(VmcsField32.EntryControls, 1u << 9, "guest EFER: LMA is not what")]
    public void Controls(VmcsField32 field, uint flipped, string expected) => AssertViolation(expected, v => v[(uint)field] ^= flipped);

    [Theory]
    [InlineData(VmcsField64.IoBitmapA, 0x7000_1001ul, "I/O bitmaps")]
    [InlineData(VmcsField64.IoBitmapB, TooWide, "I/O bitmaps")]
    [InlineData(VmcsField64.MsrBitmap, 0x7000_0800ul, "MSR bitmaps")]
    [InlineData(VmcsField64.EptPointer, 0x7000_4018ul | 1, "EPT pointer: the memory type")]
    [InlineData(VmcsField64.EptPointer, 0x7000_4016ul, "EPT pointer: the number of levels")]
    [InlineData(VmcsField64.EptPointer, 0x7000_409Eul, "EPT pointer: supervisor shadow stacks")]
    [InlineData(VmcsField64.EptPointer, 0x7000_411Eul, "EPT pointer: reserved bits")]
    [InlineData(VmcsField64.EptPointer, TooWide | 0x1E, "EPT pointer: reserved bits")]
    [InlineData(VmcsField64.LinkPointer, 0ul, "VMCS link pointer: is in use")]
    [InlineData(VmcsField64.LinkPointer, 0x7000_0001ul, "VMCS link pointer: is neither")]
    [InlineData(VmcsField64.LinkPointer, TooWide, "VMCS link pointer: is neither")]
    [InlineData(VmcsField64.HostPat, 0x0707_0406_0007_0402ul, "host PAT")]
    [InlineData(VmcsField64.HostEfer, 0x1D00ul, "host EFER: reserved")]
    [InlineData(VmcsField64.HostEfer, 0x900ul, "host EFER: LMA or LME")]
    [InlineData(VmcsField64.HostProtectionKeys, 1ul << 32, "host PKRS")]
    [InlineData(VmcsField64.GuestPat, 0x0007_0406_0007_0803ul, "guest PAT")]
    [InlineData(VmcsField64.GuestEfer, 0x1D01ul, "guest EFER: reserved")]
    [InlineData(VmcsField64.GuestEfer, 0x901ul, "guest EFER: LMA is not")]
    [InlineData(VmcsField64.GuestEfer, 0xC01ul, "guest EFER: LMA and LME")]
    [InlineData(VmcsField64.GuestDebugControl, 1ul << 16, "guest DEBUGCTL")]
    [InlineData(VmcsField64.GuestProtectionKeys, 1ul << 63, "guest PKRS")]
    public void Wide_fields(VmcsField64 field, ulong value, string expected) => AssertViolation(expected, v => v[(uint)field] = value);

    [Theory]
    [InlineData(VmcsFieldNatural.HostCr0, 0x8001_0013ul, "host CR0")]
    [InlineData(VmcsFieldNatural.HostCr4, 0x660ul, "host CR4: a bit differs")]
    [InlineData(VmcsFieldNatural.HostCr4, 0x0100_2660ul, "host CR4: a bit differs")]
    [InlineData(VmcsFieldNatural.HostCr4, 0x2640ul, "host CR4: PAE is 0")]
    [InlineData(VmcsFieldNatural.HostCr3, TooWide, "host CR3")]
    [InlineData(VmcsFieldNatural.HostSysEnterEsp, NotCanonical, "host SYSENTER")]
    [InlineData(VmcsFieldNatural.HostSysEnterEip, NotCanonical, "host SYSENTER")]
    [InlineData(VmcsFieldNatural.HostSupervisorCet, 0x40ul, "host S_CET")]
    [InlineData(VmcsFieldNatural.HostSupervisorCet, 0xC00ul, "host S_CET")]
    [InlineData(VmcsFieldNatural.HostShadowStackPointer, 2ul, "host SSP")]
    [InlineData(VmcsFieldNatural.HostInterruptShadowStackTable, NotCanonical, "host interrupt SSP table")]
    [InlineData(VmcsFieldNatural.HostFsBase, NotCanonical, "host FS or GS: the base")]
    [InlineData(VmcsFieldNatural.HostGsBase, NotCanonical, "host FS or GS: the base")]
    [InlineData(VmcsFieldNatural.HostGdtrBase, NotCanonical, "host GDTR or IDTR")]
    [InlineData(VmcsFieldNatural.HostIdtrBase, NotCanonical, "host GDTR or IDTR")]
    [InlineData(VmcsFieldNatural.HostTrBase, NotCanonical, "host TR: the base")]
    [InlineData(VmcsFieldNatural.HostRip, NotCanonical, "host RIP")]
    [InlineData(VmcsFieldNatural.GuestCr0, 0x8005_0013ul, "guest CR0: a bit differs")]
    [InlineData(VmcsFieldNatural.GuestCr0, 0x1_8005_0033ul, "guest CR0: a bit differs")]
    [InlineData(VmcsFieldNatural.GuestCr0, 0x8005_0032ul, "guest CR0: PG without PE")]
    [InlineData(VmcsFieldNatural.GuestCr0, 0x0005_0033ul, "VM-entry controls: 'IA-32e mode guest' without")]
    [InlineData(VmcsFieldNatural.GuestCr4, 0x668ul, "guest CR4: a bit differs")]
    [InlineData(VmcsFieldNatural.GuestCr4, 0x2648ul, "VM-entry controls: 'IA-32e mode guest' without")]
    [InlineData(VmcsFieldNatural.GuestCr3, TooWide, "guest CR3")]
    [InlineData(VmcsFieldNatural.GuestDr7, 1ul << 32, "guest DR7")]
    [InlineData(VmcsFieldNatural.GuestSysEnterEsp, NotCanonical, "guest SYSENTER")]
    [InlineData(VmcsFieldNatural.GuestSysEnterEip, NotCanonical, "guest SYSENTER")]
    [InlineData(VmcsFieldNatural.GuestSupervisorCet, NotCanonical, "guest S_CET")]
    [InlineData(VmcsFieldNatural.GuestShadowStackPointer, 1ul, "guest SSP")]
    [InlineData(VmcsFieldNatural.GuestInterruptShadowStackTable, NotCanonical, "guest interrupt SSP table")]
    [InlineData(VmcsFieldNatural.GuestFsBase, NotCanonical, "guest FS: the base is not canonical")]
    [InlineData(VmcsFieldNatural.GuestGsBase, NotCanonical, "guest GS: the base is not canonical")]
    [InlineData(VmcsFieldNatural.GuestCsBase, 1ul << 32, "guest CS: the base is wider")]
    [InlineData(VmcsFieldNatural.GuestSsBase, 1ul << 32, "guest SS: the base is wider")]
    [InlineData(VmcsFieldNatural.GuestDsBase, 1ul << 32, "guest DS: the base is wider")]
    [InlineData(VmcsFieldNatural.GuestTrBase, NotCanonical, "guest TR: the base")]
    [InlineData(VmcsFieldNatural.GuestGdtrBase, NotCanonical, "guest GDTR")]
    [InlineData(VmcsFieldNatural.GuestIdtrBase, NotCanonical, "guest IDTR")]
    [InlineData(VmcsFieldNatural.GuestRip, NotCanonical, "guest RIP: is not canonical")]
    [InlineData(VmcsFieldNatural.GuestRFlags, 0x200ul, "guest RFLAGS: reserved")]
    [InlineData(VmcsFieldNatural.GuestRFlags, 0x20Aul, "guest RFLAGS: reserved")]
    [InlineData(VmcsFieldNatural.GuestRFlags, 1ul << 22 | 2, "guest RFLAGS: reserved")]
    [InlineData(VmcsFieldNatural.GuestPendingDebug, 1ul << 13, "guest pending debug exceptions: reserved")]
    public void Natural_fields(VmcsFieldNatural field, ulong value, string expected) => AssertViolation(expected, v => v[(uint)field] = value);

    [Theory]
    [InlineData(VmcsField16.HostCsSelector, 0, "host CS")]
    [InlineData(VmcsField16.HostCsSelector, 0xB, "host CS")]
    [InlineData(VmcsField16.HostTrSelector, 0, "host TR: is null")]
    [InlineData(VmcsField16.HostTrSelector, 0x1C, "host TR: is null")]
    [InlineData(VmcsField16.HostSsSelector, 1, "host SS")]
    [InlineData(VmcsField16.HostDsSelector, 3, "host DS or ES")]
    [InlineData(VmcsField16.HostEsSelector, 4, "host DS or ES")]
    [InlineData(VmcsField16.HostFsSelector, 4, "host FS or GS: RPL")]
    [InlineData(VmcsField16.HostGsSelector, 2, "host FS or GS: RPL")]
    [InlineData(VmcsField16.Vpid, 0, "VPID: is 0")]
    [InlineData(VmcsField16.GuestTrSelector, 0x44, "guest TR: the selector")]
    public void Selectors(VmcsField16 field, ushort value, string expected) => AssertViolation(expected, v => v[(uint)field] = value);

    [Theory]
    [InlineData(SegmentName.Cs, 0xA093u, 0u, "")]
    [InlineData(SegmentName.Cs, 0xA09Au, 0u, "guest CS: the type is not that of accessed code")]
    [InlineData(SegmentName.Cs, 0xA0F3u, 0u, "guest CS: is a data segment, and DPL")]
    [InlineData(SegmentName.Cs, 0xA0FBu, 0u, "guest CS: is not conforming, and DPL")]
    [InlineData(SegmentName.Cs, 0xA0FFu, 0u, "guest CS: is conforming, and DPL")]
    [InlineData(SegmentName.Cs, 0xE09Bu, 0u, "guest CS: L and D")]
    [InlineData(SegmentName.Cs, 0xA08Bu, 0u, "guest CS: is a system segment")]
    [InlineData(SegmentName.Cs, 0xA01Bu, 0u, "guest CS: is not present")]
    [InlineData(SegmentName.Cs, 0xA19Bu, 0u, "guest CS: reserved bits")]
    [InlineData(SegmentName.Cs, 0x209Bu, 0u, "guest CS: the limit's granularity")]
    [InlineData(SegmentName.Ss, 0xC09Bu, 0u, "guest SS: the type")]
    [InlineData(SegmentName.Ss, 0x1_0000u, 0u, "")]
    [InlineData(SegmentName.Ds, 0xC092u, 0u, "guest DS: the type is not accessed")]
    [InlineData(SegmentName.Es, 0xC099u, 0u, "guest ES: the type is not accessed or not readable")]
    [InlineData(SegmentName.Fs, 0xC083u, 0u, "guest FS: is a system segment")]
    [InlineData(SegmentName.Gs, 0xC013u, 0u, "guest GS: is not present")]
    [InlineData(SegmentName.Ds, 0xC093u, 0xFFFF_F000u, "guest DS: the limit's granularity")]
    [InlineData(SegmentName.Ds, 0x2_C093u, 0u, "guest DS: reserved bits")]
    [InlineData(SegmentName.Ds, 0x1_FFFFu, 1u, "")]
    [InlineData(SegmentName.Tr, 0x89u, 0x67u, "guest TR: the type")]
    [InlineData(SegmentName.Tr, 0x83u, 0x67u, "guest TR: the type")]
    [InlineData(SegmentName.Tr, 0x1_008Bu, 0x67u, "guest TR: is unusable")]
    [InlineData(SegmentName.Tr, 0x9Bu, 0x67u, "guest TR: is not a system")]
    [InlineData(SegmentName.Tr, 0x0Bu, 0x67u, "guest TR: is not present")]
    [InlineData(SegmentName.Tr, 0x18Bu, 0x67u, "guest TR: reserved")]
    [InlineData(SegmentName.Tr, 0x808Bu, 0x67u, "guest TR: the limit's granularity")]
    [InlineData(SegmentName.Ldtr, 0x82u, 0xFFu, "")]
    [InlineData(SegmentName.Ldtr, 0x89u, 0xFFu, "guest LDTR: the type")]
    [InlineData(SegmentName.Ldtr, 0x02u, 0xFFu, "guest LDTR: is not present")]
    public void Rights(SegmentName name, uint rights, uint limit, string expected) => AssertViolation(expected, v =>
    {
        v[(uint)Vmcs.AccessRights(name)] = rights;
        v[(uint)Vmcs.Limit(name)] = limit == 0 && name < SegmentName.Ldtr ? 0xFFFF_FFFF : limit;
    });

    [Fact]
    public void Without_unrestricted_guests_privilege_levels_must_agree()
    {
        AssertViolation("", Restrict);
        AssertViolation("guest SS: RPL is not that of CS", v => SetRestricted(v, SegmentName.Cs, 0x39));
        AssertViolation("guest DS: DPL is below RPL", v => SetRestricted(v, SegmentName.Ds, 0x33));
        AssertViolation("guest SS: DPL is not RPL", v =>
        {
            SetRestricted(v, SegmentName.Cs, 0x39);
            v[(uint)Vmcs.Selector(SegmentName.Ss)] = 0x31;
        });
        AssertViolation("guest CS: the type", v =>
        {
            Restrict(v);
            v[(uint)Vmcs.AccessRights(SegmentName.Cs)] = 0xC093;
        });
        AssertViolation("guest CR0: a bit differs", v =>
        {
            EnterRealMode(v);
            Restrict(v);
        });

        void SetRestricted(SimulatedVmcs v, SegmentName name, ushort selector)
        {
            Restrict(v);
            v[(uint)Vmcs.Selector(name)] = selector;
        }
    }

    [Fact]
    public void Real_mode_has_privilege_0()
    {
        AssertViolation("guest SS: DPL is not 0", v =>
        {
            EnterRealMode(v);
            v[(uint)Vmcs.AccessRights(SegmentName.Ss)] = 0xF3;
            v[(uint)Vmcs.AccessRights(SegmentName.Cs)] = 0xFB;
        });
        AssertViolation("guest RFLAGS: VM in long mode or real mode", v =>
        {
            EnterVirtual8086Mode(v);
            v[(uint)VmcsFieldNatural.GuestCr0] = 0x30;
        });
        AssertViolation("guest RIP: is wider than 32 bits", v =>
        {
            EnterRealMode(v);
            v[(uint)VmcsFieldNatural.GuestRip] = 1ul << 32;
        });
    }

    [Fact]
    public void Virtual_8086_mode_decides_all_of_a_segment()
    {
        Check("the base is not 16 times the selector", v => v[(uint)Vmcs.Base(SegmentName.Gs)] += 16, "guest GS");
        Check("the limit is not FFFF", v => v[(uint)Vmcs.Limit(SegmentName.Es)] = 0x1FFFF, "guest ES");
        Check("the rights are not F3", v => v[(uint)Vmcs.AccessRights(SegmentName.Cs)] = 0xFB, "guest CS");

        void Check(string rule, Action<SimulatedVmcs> violate, string field) => AssertViolation($"{field}: virtual-8086 mode: {rule}", v =>
        {
            EnterVirtual8086Mode(v);
            violate(v);
        });
    }

    [Theory]
    [InlineData(0x8000_0100u, 0u, 0u, "event to inject: there is no such type")]
    [InlineData(0x8000_0203u, 0u, 0u, "event to inject: the vector")]
    [InlineData(0x8000_0320u, 0u, 0u, "event to inject: the vector")]
    [InlineData(0x8000_0701u, 0u, 0u, "event to inject: the vector")]
    [InlineData(0x8000_1306u, 0u, 0u, "event to inject: reserved bits")]
    [InlineData(0x8000_030Du, 0u, 0u, "event to inject: lacks its error code")]
    [InlineData(0x8000_0B06u, 0u, 0u, "event to inject: has an error code")]
    [InlineData(0x8000_0C80u, 0u, 2u, "event to inject: has an error code")]
    [InlineData(0x8000_0B0Du, 0x1_0000u, 0u, "error code to inject")]
    [InlineData(0x8000_0480u, 0u, 0u, "length of the instruction to inject")]
    [InlineData(0x8000_0603u, 0u, 16u, "length of the instruction to inject")]
    [InlineData(0x8000_0B0Du, 0x18u, 0u, "")]
    [InlineData(0x8000_0480u, 0u, 2u, "")]
    [InlineData(0x8000_0306u, 0u, 0u, "")]
    [InlineData(0x8000_0202u, 0u, 0u, "")]
    [InlineData(0x8000_0030u, 0u, 0u, "")]
    public void Events(uint information, uint errorCode, uint length, string expected) => AssertViolation(expected, v =>
    {
        v[(uint)VmcsField32.EntryInterruptionInformation] = information;
        v[(uint)VmcsField32.EntryExceptionErrorCode] = errorCode;
        v[(uint)VmcsField32.EntryInstructionLength] = length;
    });

    [Fact]
    public void Real_mode_takes_no_error_code()
    {
        AssertViolation("event to inject: has an error code", v =>
        {
            EnterRealMode(v);
            v[(uint)VmcsField32.EntryInterruptionInformation] = 0x8000_0B0D;
        });
        AssertViolation("", v =>
        {
            EnterRealMode(v);
            v[(uint)VmcsField32.EntryInterruptionInformation] = 0x8000_030D;
        });
    }

    [Theory]
    [InlineData(4u, 0u, 0u, "guest activity state: is not supported")]
    [InlineData(2u, 0u, 0u, "")]
    [InlineData(1u, 1u, 0u, "guest activity state: is not active while")]
    [InlineData(1u, 0u, 0x8000_0306u, "guest activity state: does not take the event")]
    [InlineData(1u, 0u, 0x8000_0312u, "")]
    [InlineData(2u, 0u, 0x8000_0030u, "guest activity state: does not take the event")]
    [InlineData(3u, 0u, 0x8000_0202u, "guest activity state: does not take the event")]
    [InlineData(0u, 1u << 5, 0u, "guest interruptibility: reserved")]
    [InlineData(0u, 3u, 0u, "guest interruptibility: STI and MOV SS both")]
    [InlineData(0u, 1u, 0x8000_0030u, "guest interruptibility: an interrupt is injected")]
    [InlineData(0u, 2u, 0x8000_0202u, "guest interruptibility: an NMI is injected while STI")]
    [InlineData(0u, 4u, 0u, "guest interruptibility: SMIs")]
    [InlineData(0u, 8u, 0x8000_0202u, "guest interruptibility: an NMI is injected while NMIs")]
    [InlineData(0u, 8u, 0u, "")]
    [InlineData(0u, 0x12u, 0u, "guest interruptibility: an enclave")]
    public void Activity(uint activity, uint blocking, uint injected, string expected) => AssertViolation(expected, v =>
    {
        v[(uint)VmcsField32.GuestActivityState] = activity;
        v[(uint)VmcsField32.GuestInterruptibility] = blocking;
        v[(uint)VmcsField32.EntryInterruptionInformation] = injected;
    });

    [Fact]
    public void A_processor_without_an_activity_state_refuses_it()
    {
        _processor.Msrs[Msr.VmxMiscellaneous] = 0x2004_0065;
        AssertViolation("guest activity state: is not supported", v => v[(uint)VmcsField32.GuestActivityState] = 3);
        AssertViolation("", v => v[(uint)VmcsField32.GuestActivityState] = 1);
    }

    [Theory]
    [InlineData(0x302ul, 0ul, 0ul, "guest pending debug exceptions: BS")]
    [InlineData(0x302ul, 0ul, 1ul << 14, "")]
    [InlineData(0x302ul, 2ul, 1ul << 14, "guest pending debug exceptions: BS")]
    [InlineData(0x202ul, 0ul, 1ul << 14, "guest pending debug exceptions: BS")]
    public void A_single_step_in_a_shadow_is_pending(ulong flags, ulong debugControl, ulong pending, string expected) => AssertViolation(expected, v =>
    {
        v[(uint)VmcsFieldNatural.GuestRFlags] = flags;
        v[(uint)VmcsField64.GuestDebugControl] = debugControl;
        v[(uint)VmcsFieldNatural.GuestPendingDebug] = pending;
        v[(uint)VmcsField32.GuestInterruptibility] = 2;
    });

    [Fact]
    public void Blocking_by_STI_needs_the_interrupt_flag() => AssertViolation("guest interruptibility: STI blocks", v =>
    {
        v[(uint)VmcsFieldNatural.GuestRFlags] = 2;
        v[(uint)VmcsField32.GuestInterruptibility] = 1;
    });

    [Fact]
    public void An_interrupt_needs_the_interrupt_flag() => AssertViolation("guest RFLAGS: an interrupt is injected", v =>
    {
        v[(uint)VmcsFieldNatural.GuestRFlags] = 2;
        v[(uint)VmcsField32.EntryInterruptionInformation] = 0x8000_0030;
    });

    [Theory]
    [InlineData(0x7FF7_1001ul, "")]
    [InlineData(0x7FF7_1000ul, "")]
    [InlineData(0xFFFF_FFFF_FFFF_FFFEul, "")]
    [InlineData(0x7FF7_1003ul, "guest PDPTEs")]
    [InlineData(0x7FF7_1021ul, "guest PDPTEs")]
    [InlineData(0x8000_0000_7FF7_1001ul, "guest PDPTEs")]
    [InlineData(TooWide | 1, "guest PDPTEs")]
    public void Page_directory_pointers(ulong value, string expected) => AssertViolation(expected, v =>
    {
        EnterPaeMode(v);
        v[(uint)VmcsField64.GuestPdpte3] = value;
    });

    [Fact]
    public void Lists_of_MSRs_end_in_memory()
    {
        Check("VM-exit MSR-store list", VmcsField64.ExitMsrStore, VmcsField32.ExitMsrStoreCount);
        Check("VM-exit MSR-load list", VmcsField64.ExitMsrLoad, VmcsField32.ExitMsrLoadCount);
        Check("VM-entry MSR-load list", VmcsField64.EntryMsrLoad, VmcsField32.EntryMsrLoadCount);

        void Check(string expected, VmcsField64 address, VmcsField32 count)
        {
            AssertViolation("", v => Set(v, 0x7000_0008, 0));
            AssertViolation("", v => Set(v, TooWide - 16, 1));
            AssertViolation(expected, v => Set(v, 0x7000_0008, 1));
            AssertViolation(expected, v => Set(v, TooWide - 16, 2));

            void Set(SimulatedVmcs v, ulong first, uint entries)
            {
                v[(uint)address] = first;
                v[(uint)count] = entries;
            }
        }
    }

    [Fact]
    public void Every_instruction_error_has_its_words()
    {
        foreach (VmxInstructionError error in Enum.GetValues<VmxInstructionError>())
        {
            Assert.DoesNotContain("without a name", Text(VmxInstructionErrorText.Of(error)), StringComparison.Ordinal);
        }

        Assert.Contains("without a name", Text(VmxInstructionErrorText.Of((VmxInstructionError)14)), StringComparison.Ordinal);
    }

    private static void EnterRealMode(SimulatedVmcs v)
    {
        v[(uint)VmcsField32.EntryControls] &= ~(uint)EntryControls.Ia32eMode;
        v[(uint)VmcsFieldNatural.GuestCr0] = 0x6000_0030;
        v[(uint)VmcsFieldNatural.GuestCr4] = 0x2000;
        v[(uint)VmcsField64.GuestEfer] = 0;
        v[(uint)VmcsFieldNatural.GuestRip] = 0;
        v[(uint)VmcsFieldNatural.GuestRFlags] = 2;
        for (SegmentName name = SegmentName.Es; name <= SegmentName.Gs; name++)
        {
            VmxGuestFields.SetSegment(v, name, 0, 0, 0xFFFF, name == SegmentName.Cs ? 0x9Bu : 0x93);
        }

        VmxGuestFields.SetSegment(v, SegmentName.Tr, 0, 0, 0xFFFF, 0x8B);
        VmxGuestFields.SetSegment(v, SegmentName.Ldtr, 0, 0, 0xFFFF, 0x82);
    }

    private static void EnterPaeMode(SimulatedVmcs v)
    {
        v[(uint)VmcsField32.EntryControls] &= ~(uint)EntryControls.Ia32eMode;
        v[(uint)VmcsField64.GuestEfer] = 0x800;
        v[(uint)VmcsFieldNatural.GuestRip] = 0x1000;
        v[(uint)Vmcs.AccessRights(SegmentName.Cs)] = 0xC09B;
    }

    private static void EnterVirtual8086Mode(SimulatedVmcs v)
    {
        EnterPaeMode(v);
        v[(uint)VmcsFieldNatural.GuestRFlags] = 0x2_0202;
        for (SegmentName name = SegmentName.Es; name <= SegmentName.Gs; name++)
        {
            VmxGuestFields.SetSegment(v, name, 0x1237, 0x1_2370, 0xFFFF, 0xF3);
        }
    }

    private static void Restrict(SimulatedVmcs v) => v[(uint)VmcsField32.SecondaryControls] &= ~(uint)SecondaryControls.UnrestrictedGuest;

    private static string Text(ReadOnlySpan<byte> text) => Encoding.UTF8.GetString(text);

    private void AssertViolation(string expected, Action<SimulatedVmcs> violate)
    {
        VmxGuestFields.Fill(_processor.Vmcs);
        violate(_processor.Vmcs);
        VmcsViolation found = VmcsCheck.Violation();
        string text = found.Exists ? $"{Text(found.Field)}: {Text(found.Rule)}" : "";
        if (expected.Length == 0)
        {
            Assert.Equal("", text);
        }
        else
        {
            Assert.StartsWith(expected, text, StringComparison.Ordinal);
        }
    }
}
