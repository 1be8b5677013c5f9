using System;
using System.Linq;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Host;
using Hypervisor.Core.Vmx;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Vmx;

/// <summary>INIT and SIPI as exits .</summary>
public sealed unsafe class VmxStartupTests : IDisposable
{
    private const ulong CacheDisable = 1 << 30;
    private const ulong NotWriteThrough = 1 << 29;
    private const uint ReadOnly = 5;
    private const uint SingleContext = 1;
    private const ulong Dirt = 0x4CCC_CCCC_CCCC; // canonical: INIT keeps some
    private const uint FieldTypeMask = 0xC00;
    private const uint GuestFieldType = 0x800;

    private readonly IntelMachine _machine = new();

    public VmxStartupTests()
    {
        _machine.Start(1);
        _machine.Processors[1].Vmcs.Writes.Clear();
    }

    private SimulatedVmcs Target => _machine.Processors[1].Vmcs;

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Init_does_no_more_than_wait_for_sipi()
    {
        IntelGuestCode.EnterLongMode(_machine, 1);
        string log = _machine.LogText();
        _machine.Exit(VmxExitReason.Init, index: 1);
        Assert.Equal((uint)VmxActivityState.WaitForSipi, _machine.Get(VmcsField32.GuestActivityState, 1));
        VmcsField32[] touched = [VmcsField32.GuestActivityState, VmcsField32.GuestInterruptibility, VmcsField32.PrimaryControls];
        Assert.All(Target.Writes, write => Assert.Contains(write.Field, touched.Select(field => (uint)field).Append((uint)VmcsFieldNatural.GuestPendingDebug)));
        Assert.Equal(log, _machine.LogText());
        Assert.Empty(_machine.Processors[1].EptInvalidations.Skip(1));
        Assert.Equal(1u, _machine[1]->Exits.Read(ExitCause.Init));
        Assert.False(ProcessorStartup.Runs(_machine[1])); // nobody waits for it meanwhile
    }

    [Fact]
    public void Init_forgets_what_was_blocked_and_what_waited()
    {
        IntelGuestCode.EnterLongMode(_machine, 1);
        _machine.Set(VmcsField32.GuestInterruptibility, (uint)VmxInterruptibility.BlockingByNmi, 1);
        _machine.Set(VmcsFieldNatural.GuestPendingDebug, (ulong)VmxPendingDebug.SingleStep, 1);
        _machine.ExitByNmi(1);
        Assert.Equal(1u, _machine[1]->Nmi.Waiting);
        _machine.Exit(VmxExitReason.Init, index: 1);
        Assert.Equal(0u, _machine[1]->Nmi.Waiting);
        Assert.Equal(0u, _machine.Get(VmcsField32.GuestInterruptibility, 1));
        Assert.Equal(0ul, _machine.Get(VmcsFieldNatural.GuestPendingDebug, 1));
        Assert.Equal(PrimaryControls.None, (PrimaryControls)_machine.Get(VmcsField32.PrimaryControls, 1) & PrimaryControls.NmiWindowExiting);
    }

    [Fact]
    public void Init_in_the_middle_of_a_step_shuts_the_door()
    {
        IntelGuestCode.EnterLongMode(_machine, 1);
        ulong page = _machine.Options.RegionBase + 0x3000;
        _machine.ExitByMemory(page, index: 1);
        Assert.Equal(_machine.Machine->ScratchPage, _machine.Ept(page, 1).Physical);
        _machine.Exit(VmxExitReason.Init, index: 1);
        Assert.Equal(_machine.Machine->ZeroPage, _machine.Ept(page, 1).Physical);
        Assert.Equal(0u, _machine.Get(VmcsField32.ExceptionBitmap, 1));
        Assert.False(_machine[1]->Step.Active);
    }

    [Fact]
    public void Init_for_the_bootstrap_processor_resets_the_machine()
    {
        _machine.Exit(VmxExitReason.Init);
        Assert.Contains(((ushort)0xCF9, 1, 6u), _machine.Bootstrap.Outputs);
        Assert.Contains("INIT for the bootstrap processor", _machine.LogText());
    }

    [Theory]
    [InlineData(0x00)]
    [InlineData(0x9A)]
    [InlineData(0xFF)]
    public void Behind_sipi_the_vmcs_holds_the_state_of_the_manual(byte vector)
    {
        // Intel SDM vol 3 table 9-1, column INIT. Everything is dirty before.
        Dirty();
        Restart(vector);

        AssertSegment(SegmentName.Cs, (ushort)(vector << 8), (ulong)vector << 12, 0x9B);
        foreach (SegmentName data in (SegmentName[])[SegmentName.Ss, SegmentName.Ds, SegmentName.Es, SegmentName.Fs, SegmentName.Gs])
        {
            AssertSegment(data, 0, 0, 0x93);
        }

        AssertSegment(SegmentName.Ldtr, 0, 0, 0x82);
        AssertSegment(SegmentName.Tr, 0, 0, 0x8B);
        Assert.Equal((0ul, 0xFFFFu), (_machine.Get(VmcsFieldNatural.GuestGdtrBase, 1), _machine.Get(VmcsField32.GuestGdtrLimit, 1)));
        Assert.Equal((0ul, 0xFFFFu), (_machine.Get(VmcsFieldNatural.GuestIdtrBase, 1), _machine.Get(VmcsField32.GuestIdtrLimit, 1)));
        Assert.Equal((0x30ul, 0x10ul), (_machine.Get(VmcsFieldNatural.GuestCr0, 1), _machine.Get(VmcsFieldNatural.Cr0Shadow, 1))); // ET; NE is the host's
        Assert.Equal((0x2000ul, 0ul), (_machine.Get(VmcsFieldNatural.GuestCr4, 1), _machine.Get(VmcsFieldNatural.Cr4Shadow, 1))); // VMXE is the host's
        Assert.Equal((0ul, 0ul), (_machine.Get(VmcsFieldNatural.GuestCr3, 1), _machine.Processors[1].Cr2));
        Assert.Equal(0ul, _machine.Get(VmcsField64.GuestEfer, 1));
        Assert.Equal((EntryControls)0, (EntryControls)_machine.Get(VmcsField32.EntryControls, 1) & EntryControls.Ia32eMode);
        Assert.Equal((0xFFFF_0FF0ul, 0x400ul), (_machine.Processors[1].Dr6, _machine.Get(VmcsFieldNatural.GuestDr7, 1)));
        Assert.NotEqual(0, _machine.Processors[1].DebugAddressClears);
        Assert.Equal((2ul, 0ul, 0ul), (
            _machine.Get(VmcsFieldNatural.GuestRFlags, 1), _machine.Get(VmcsFieldNatural.GuestRip, 1), _machine.Get(VmcsFieldNatural.GuestRsp, 1)));
        Assert.Equal((uint)VmxActivityState.Active, _machine.Get(VmcsField32.GuestActivityState, 1));
        Assert.Equal((0u, 0ul, 0u), (
            _machine.Get(VmcsField32.GuestInterruptibility, 1), _machine.Get(VmcsFieldNatural.GuestPendingDebug, 1), _machine.InjectedBy(1)));
        Assert.Equal(0ul, _machine.Get(VmcsField64.GuestDebugControl, 1));
        Assert.Equal(0u, _machine.Get(VmcsField32.ExceptionBitmap, 1));
        Assert.Equal(PatMsr.AfterReset, _machine.Get(VmcsField64.GuestPat, 1)); // kept: it is what Dirty left
        Assert.Equal((Dirt, Dirt), (_machine.Get(VmcsFieldNatural.GuestSysEnterEsp, 1), _machine.Get(VmcsFieldNatural.GuestSysEnterEip, 1)));
        Assert.Equal(ulong.MaxValue, _machine.Get(VmcsField64.LinkPointer, 1));
        Assert.Equal(0ul, _machine.Get(VmcsField64.GuestBoundConfiguration, 1));
        Assert.Equal((SingleContext, (ushort)1), Assert.Single(_machine.Processors[1].VpidInvalidations));
        Assert.Equal(1u, _machine[1]->Exits.Read(ExitCause.Sipi));
    }

    [Fact]
    public void Control_flow_enforcement_is_off_behind_sipi()
    {
        using IntelMachine machine = new(new MachineOptions { Intel = ProcessorDump.Of("i9-12900K (Alder Lake)"), RegionBase = 0x6000_0000 });
        machine.Start(1);
        VmcsFieldNatural[] fields = [VmcsFieldNatural.GuestSupervisorCet, VmcsFieldNatural.GuestShadowStackPointer, VmcsFieldNatural.GuestInterruptShadowStackTable];
        foreach (VmcsFieldNatural field in fields)
        {
            machine.Set(field, 0x1000, 1);
        }

        machine.Exit(VmxExitReason.Init, index: 1);
        machine.Exit(VmxExitReason.Sipi, 0x10, index: 1);
        Assert.All(fields, field => Assert.Equal(0ul, machine.Get(field, 1)));
    }

    [Theory]
    [InlineData(0ul)]
    [InlineData(CacheDisable)]
    [InlineData(NotWriteThrough | CacheDisable)]
    public void Cd_and_nw_stay_as_they_were(ulong kept)
    {
        // No exit and no entry changes them (Intel SDM vol 3 §26.3.2.1, §27.5.1): the host runs with the guest's.
        _machine.Processors[1].Cr0 = 0x8001_0033 | kept;
        Restart(0x10);
        Assert.Equal(0x30ul | kept, _machine.Get(VmcsFieldNatural.GuestCr0, 1));
        Assert.Equal(0x10ul | kept, _machine.Get(VmcsFieldNatural.Cr0Shadow, 1));
    }

    [Fact]
    public void General_registers_are_zero_but_for_the_signature_in_rdx()
    {
        new Span<byte>(&_machine[1]->Registers, sizeof(GuestRegisters)).Fill(0xCC);
        Restart(0x10);
        GuestRegisters expected = new() { Rdx = _machine.Bootstrap.Cpuids.Get(1, 0).Eax };
        GuestRegisters actual = _machine[1]->Registers;
        Assert.True(new ReadOnlySpan<byte>(&expected, sizeof(GuestRegisters)).SequenceEqual(new ReadOnlySpan<byte>(&actual, sizeof(GuestRegisters))));
    }

    [Fact]
    public void Msrs_that_init_clears_are_cleared()
    {
        _machine.Processors[1].Msrs[Msr.ExtendedSupervisorState] = 0x100;
        _machine.Processors[1].Msrs[Msr.DebugControl] = 3;
        Restart(0x10);
        Assert.Equal(0ul, _machine.Processors[1].Msrs[Msr.ExtendedSupervisorState]);
        Assert.Equal(0ul, _machine.Processors[1].Msrs[Msr.DebugControl]);
    }

    [Fact]
    public void The_local_apic_is_reset_but_for_its_id()
    {
        SimulatedLocalApic apic = _machine.Processors[1].Apic;
        apic[SimulatedLocalApic.SpuriousVector] = 0x1FF;
        apic[SimulatedLocalApic.LogicalDestination] = 0x0200_0000;
        apic[SimulatedLocalApic.TaskPriority] = 0xE0;
        apic[SimulatedLocalApic.TimerEntry] = 0x2_00EC;
        apic[SimulatedLocalApic.TimerInitialCount] = 0x1000;
        apic.Request(0x31);
        Restart(0x10);
        Assert.Equal(0u, apic[SimulatedLocalApic.SpuriousVector] & 0x100);
        Assert.Equal(0u, apic[SimulatedLocalApic.TaskPriority]);
        Assert.Equal(0u, apic[SimulatedLocalApic.LogicalDestination]);
        Assert.NotEqual(0u, apic[SimulatedLocalApic.TimerEntry] & 0x1_0000);
        Assert.Equal(0u, apic[SimulatedLocalApic.TimerInitialCount]);
        Assert.All(Enumerable.Range(0, 8), group => Assert.Equal(0u, apic[SimulatedLocalApic.FirstRequest + ((uint)group * 0x10)]));
        Assert.Equal(SimulatedMachine.ApicId(1), apic[SimulatedLocalApic.Id] >> 24);
        Assert.Equal(0u, _machine[1]->ApicWindow.LogicalDestination);
    }

    [Fact]
    public void A_started_processor_runs_again_for_those_who_wait_for_it()
    {
        uint starts = _machine[1]->Startup.Starts;
        Restart(0x10);
        Assert.True(ProcessorStartup.Runs(_machine[1]));
        Assert.Equal(starts + 1, _machine[1]->Startup.Starts);
    }

    [Fact]
    public void A_processor_that_comes_back_sees_the_memory_types_and_the_trap_of_now()
    {
        _machine.Exit(VmxExitReason.Init, index: 1);
        _machine.Machine->ApicTrapWanted = 1;
        _machine.Machine->ApicTrapGeneration++;
        VmxMachineData* shared = (VmxMachineData*)_machine.Machine->VendorData;
        shared->Generation++;
        _machine.Exit(VmxExitReason.Sipi, 0x10, index: 1);
        Assert.Equal(shared->Generation, _machine[1]->MemoryTypeGeneration);
        Assert.False(ApicTrap.IsBehind(_machine[1]));
        Assert.Equal(ReadOnly, _machine.Ept(SimulatedProcessor.ApicPage, 1).Rights);
    }

    [Fact]
    public void A_processor_that_arrives_gets_its_controls_and_its_host()
    {
        foreach (VmcsField32 control in (VmcsField32[])[VmcsField32.PinControls, VmcsField32.PrimaryControls, VmcsField32.SecondaryControls, VmcsField32.ExitControls])
        {
            Assert.Equal(_machine.Get(control), _machine.Get(control, 1));
        }

        Assert.True(_machine.Processors[1].IsVmxOn);
        Assert.Equal(_machine[1]->GuestControl, _machine.Processors[1].CurrentVmcs);
        Assert.Equal((ulong)_machine[1] - ProcessorBlock.HomeSpace, _machine.Get(VmcsFieldNatural.HostRsp, 1));
        Assert.Equal((ulong)&_machine[1]->TaskState, _machine.Get(VmcsFieldNatural.HostTrBase, 1));
        Assert.Equal(_machine.Machine->HostCr3, _machine.Get(VmcsFieldNatural.HostCr3, 1));
        Assert.Equal(0x9A00, _machine.Get(VmcsField16.GuestCsSelector, 1));
        Assert.Equal(1u, _machine[1]->Startup.TakenOver);
        Assert.NotEqual(_machine.Get(VmcsField64.EptPointer), _machine.Get(VmcsField64.EptPointer, 1)); // each has its own path to its APIC
    }

    private void AssertSegment(SegmentName name, ushort selector, ulong start, uint rights)
    {
        Assert.Equal(
            (selector, start, 0xFFFFu, rights),
            (_machine.Get(Vmcs.Selector(name), 1), _machine.Get(Vmcs.Base(name), 1), _machine.Get(Vmcs.Limit(name), 1), _machine.Get(Vmcs.AccessRights(name), 1)));
    }

    /// <summary>Fills the guest-state area with values that no field has behind INIT, but for what INIT keeps.</summary>
    private void Dirty()
    {
        VmcsField64[] kept = [VmcsField64.GuestPat, VmcsField64.LinkPointer];
        foreach (uint field in VmxGuestFields.All.Where(field => (field & FieldTypeMask) == GuestFieldType && !kept.Contains((VmcsField64)field)))
        {
            Target[field] = Dirt;
        }

        _machine.Set(VmcsFieldNatural.Cr0Shadow, ulong.MaxValue, 1);
        _machine.Set(VmcsFieldNatural.Cr4Shadow, ulong.MaxValue, 1);
        _machine.Set(VmcsField32.ExceptionBitmap, uint.MaxValue, 1);
        EntryControls entry = (EntryControls)_machine.Get(VmcsField32.EntryControls, 1);
        _machine.Set(VmcsField32.EntryControls, (uint)(entry | EntryControls.Ia32eMode), 1);
        _machine.Processors[1].Cr2 = 0xCCCC;
        _machine.Processors[1].Dr6 = 0xFFFF_4FF1;
        _machine.Processors[1].VpidInvalidations.Clear();
        _machine[1]->Exits = default;

        // Fields that this host leaves to the processor, or that exist only for features without a control.
        Target[(uint)VmcsField16.GuestInterruptStatus] = 0;
        Target[(uint)VmcsField16.GuestPmlIndex] = 0;
    }

    /// <summary>The SIPI alone: a processor in INIT holds whatever it held before.</summary>
    private void Restart(byte vector) => _machine.Exit(VmxExitReason.Sipi, vector, index: 1);
}
