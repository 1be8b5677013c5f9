using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Mediation;
using Hypervisor.Core.Traps;
using Hypervisor.Core.Vmx;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Vmx;

/// <summary>The guest's changes of memory types .</summary>
public sealed unsafe class VmxMemoryTests : IDisposable
{
    private const uint FirstBase = 0x200;
    private const uint SecondBase = 0x202;
    private const uint SecondMask = 0x203;
    private const ulong CacheDisable = 1 << 30;
    private const ulong FrameBuffer = 0x8000_0000;
    private const ulong FrameBufferSize = 0x1000_0000;
    private const ulong Types = MtrrSet.Wb | MtrrSet.FixedEnabled;

    private readonly IntelMachine _machine = new();

    public VmxMemoryTests()
    {
        IntelGuestCode.EnterLongMode(_machine);
    }

    private VmxMachineData* Shared => (VmxMachineData*)_machine.Machine->VendorData;

    private static (ulong Base, ulong Mask) WriteCombining => MtrrSet.Sized(FrameBuffer, FrameBufferSize, MtrrSet.Wc, IntelFirmware.Mtrrs.AddressBits);

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void The_guest_begins_with_the_types_of_the_firmware()
    {
        foreach (ulong address in IntelFirmware.Mtrrs.Edges)
        {
            AssertType(IntelFirmware.Mtrrs.TypeOf(address), address);
        }

        Assert.Equal((0u, 0u, 0u), (Shared->Generation, Shared->Active, Shared->Lock));
        Assert.Equal(MemoryType.Uncacheable, _machine.Ept(SimulatedProcessor.ApicPage).Type);
        Assert.False(_machine.Ept(FrameBuffer).IgnoresPat);
    }

    [Fact]
    public void A_range_that_is_switched_on_changes_the_tables()
    {
        Write(SecondBase, WriteCombining.Base);
        Assert.Equal(1u, Shared->Generation); // a register that is not valid differs too: that costs time, no more
        Write(SecondMask, WriteCombining.Mask);
        Assert.Equal(2u, Shared->Generation);
        AssertType(MemoryType.WriteCombining, FrameBuffer);
        AssertType(MemoryType.WriteCombining, FrameBuffer + FrameBufferSize - 0x1000);
        AssertType(MemoryType.WriteBack, FrameBuffer - 0x1000);
        AssertType(MemoryType.WriteBack, FrameBuffer + FrameBufferSize);
        Assert.NotEmpty(_machine.Bootstrap.EptInvalidations);
        Assert.Equal(_machine.Machine->ZeroPage, _machine.Ept(_machine.Options.RegionBase).Physical);
    }

    [Fact]
    public void Writing_what_is_there_already_builds_nothing()
    {
        foreach (uint msr in (uint[])[FirstBase, FirstBase + 1, SecondBase, Msr.MtrrDefaultType, Msr.MtrrFixed64K00000])
        {
            Write(msr, _machine.Bootstrap.Msrs[msr]);
        }

        Assert.Equal(0u, Shared->Generation);
    }

    [Fact]
    public void While_they_are_off_with_the_caches_nothing_is_built_and_then_all_at_once()
    {
        // Intel SDM vol 3 §11.11.8: caches off, MTRRs off, new values, MTRRs on, caches on.
        _machine.Bootstrap.Cr0 |= CacheDisable;
        Write(Msr.MtrrDefaultType, Types);
        Write(SecondBase, WriteCombining.Base);
        Write(SecondMask, WriteCombining.Mask);
        Assert.Equal(0u, Shared->Generation);
        Write(Msr.MtrrDefaultType, Types | MtrrSet.Enabled);
        Assert.Equal(1u, Shared->Generation);
        AssertType(MemoryType.WriteCombining, FrameBuffer);
    }

    [Fact]
    public void Switched_off_with_the_caches_on_everything_is_uncacheable()
    {
        Write(Msr.MtrrDefaultType, Types);
        Assert.Equal(1u, Shared->Generation);
        AssertType(MemoryType.Uncacheable, 0);
        AssertType(MemoryType.Uncacheable, FrameBuffer);
    }

    [Fact]
    public void A_write_that_the_processor_refuses_changes_nothing()
    {
        _machine.Bootstrap.Msrs.Remove(0x21F);
        Write(0x21F, 0x800, expected: 0x8000_0B0D);
        Assert.Equal(0u, Shared->Generation);
    }

    [Fact]
    public void The_tables_in_use_are_never_the_ones_that_are_rebuilt()
    {
        ulong first = _machine.Machine->NestedRoot;
        Write(SecondMask, WriteCombining.Mask);
        ulong second = _machine.Machine->NestedRoot;
        Write(SecondMask, 0);
        Assert.NotEqual(first, second);
        Assert.Equal(first, _machine.Machine->NestedRoot);
        Assert.Equal(0u, Shared->Active);
        Assert.InRange(first, Shared->Tables, Shared->Tables + Shared->HalfSize - 1);
        Assert.InRange(second, Shared->Tables + Shared->HalfSize, Shared->Tables + (2 * Shared->HalfSize) - 1);
    }

    [Fact]
    public void Other_processors_are_kicked_and_have_followed_when_the_instruction_ends()
    {
        Start();
        _machine.Bootstrap.Paused = _ => TakeKick();
        _machine.Processors[1].EptInvalidations.Clear();
        Write(SecondMask, WriteCombining.Mask);
        Write(SecondBase, WriteCombining.Base);
        Assert.Equal(2u, _machine[1]->MemoryTypeGeneration);
        Assert.Equal(MemoryType.WriteCombining, _machine.Ept(FrameBuffer, 1).Type);
        Assert.NotEmpty(_machine.Processors[1].EptInvalidations);
        Assert.Equal(0u, _machine.InjectedBy(1)); // the kick is not the guest's
        Assert.Equal(
            [ApicCommand.Nmi(SimulatedMachine.ApicId(1)), ApicCommand.Nmi(SimulatedMachine.ApicId(1))],
            _machine.Bootstrap.Apic.Commands);
        Assert.Equal(0u, Shared->Lock);
    }

    [Fact]
    public void Processors_that_do_not_run_the_guest_are_neither_kicked_nor_waited_for()
    {
        Start();
        _machine.Exit(VmxExitReason.Init, index: 1);
        Write(SecondMask, WriteCombining.Mask);
        Assert.Empty(_machine.Bootstrap.Apic.Commands);
        Assert.Equal(0, _machine.Bootstrap.Pauses);
        Assert.Equal(0u, _machine[1]->MemoryTypeGeneration);
        _machine.Exit(VmxExitReason.Sipi, 0x10, index: 1);
        Assert.Equal(1u, _machine[1]->MemoryTypeGeneration);
    }

    [Fact]
    public void A_processor_that_never_follows_keeps_the_spare_tables_from_being_touched()
    {
        Start();
        Write(SecondMask, WriteCombining.Mask); // published; processor 1 is still on the first half
        Assert.Contains("processor 1 does not take over new memory types", _machine.LogText());
        Assert.Equal(1u, Shared->Generation);
        ulong root = _machine.Machine->NestedRoot;
        Write(SecondBase, WriteCombining.Base);
        Assert.Equal((1u, root), (Shared->Generation, _machine.Machine->NestedRoot));
        Assert.Equal(MemoryType.WriteBack, _machine.Ept(FrameBuffer, 1).Type);
        Assert.Equal(0u, Shared->Lock);
    }

    [Fact]
    public void Whoever_waits_for_the_lock_follows_meanwhile()
    {
        Start();
        Shared->Lock = 1;
        Shared->Generation = 1; // another processor has published, and waits for this one
        _machine.Bootstrap.Paused = _ =>
        {
            Assert.Equal(1u, _machine.Data->MemoryTypeGeneration);
            Shared->Lock = 0;
            _machine.Bootstrap.Paused = _ => TakeKick();
            TakeKick();
        };
        Write(SecondMask, WriteCombining.Mask);
        Assert.Equal(2u, Shared->Generation);
        Assert.Equal((2u, 2u), (_machine.Data->MemoryTypeGeneration, _machine[1]->MemoryTypeGeneration));
    }

    [Fact]
    public void The_trap_on_the_apic_page_survives_new_tables()
    {
        Assert.Equal((uint)EptRights.ReadOnly, _machine.Ept(SimulatedProcessor.ApicPage).Rights);
        Write(SecondMask, WriteCombining.Mask);
        Assert.Equal((uint)EptRights.ReadOnly, _machine.Ept(SimulatedProcessor.ApicPage).Rights);
        Assert.Equal(MemoryType.Uncacheable, _machine.Ept(SimulatedProcessor.ApicPage).Type);
    }

    [Fact]
    public void Claims_that_move_for_ever_are_in_every_set_of_tables_and_leave_the_types_alone()
    {
        Start();
        _machine.Bootstrap.Paused = _ => TakeKick();
        ulong before = 0;
        for (int i = 0; i < 150; i++)
        {
            ulong place = (i & 1) == 0 ? 0x40_0000_0000 + ((ulong)i << 30) : FrameBuffer + ((ulong)i << 20);
            Claim(place, before);
            if (i % 10 == 9)
            {
                Write(SecondBase, WriteCombining.Base);
                Write(SecondMask, (i & 16) == 0 ? WriteCombining.Mask : 0);
            }

            for (int processor = 0; processor < 2; processor++)
            {
                Assert.Throws<HostDefectException>(() => _machine.Ept(place, processor));
                EptWalk.Mapping behind = _machine.Ept(place + 0x1000, processor);
                Assert.Equal((place + 0x1000, (uint)EptRights.Full), (behind.Physical + (place + 0x1000 - behind.Guest), behind.Rights));
                Assert.Equal((uint)EptRights.Full, i == 0 ? (uint)EptRights.Full : _machine.Ept(before, processor).Rights);
                Assert.Equal(_machine.Ept(place + 0x1000).Type, _machine.Ept(place - 0x1000).Type);
            }

            before = place;
        }
    }

    private void Claim(ulong place, ulong before)
    {
        Instructions.Processor = _machine.Bootstrap;
        TrapShootdown.Lock(_machine.Data);
        Assert.Equal(ClaimProblem.None, MemoryTraps.Claim(_machine.Data, new MemoryClaim { First = place, Last = place + 0xFFF }));
        MemoryTraps.Release(_machine.Data, 0, before, before + 0xFFF);
        TrapShootdown.Unlock(_machine.Data);
    }

    private void Start()
    {
        _machine.Start(1);
        IntelGuestCode.EnterLongMode(_machine, 1);
    }

    private void AssertType(MemoryType expected, ulong address) => Assert.Equal((address, expected), (address, _machine.Ept(address).Type));

    private void Write(uint msr, ulong value, uint expected = 0)
    {
        _machine.Data->Registers.Rcx = msr;
        _machine.Data->Registers.Rax = (uint)value;
        _machine.Data->Registers.Rdx = value >> 32;
        _machine.Exit(VmxExitReason.Wrmsr);
        Assert.Equal(expected, _machine.Injected);
    }

    /// <summary>Processor 1 takes the kick that is on its way to it, if any.</summary>
    private void TakeKick()
    {
        if (_machine[1]->Startup.Kick != 0 || _machine[1]->TrapGeneration != _machine.Machine->Traps->Generation || _machine[1]->MemoryTypeGeneration != Shared->Generation)
        {
            _machine[1]->Startup.Kick = 1;
            _machine.ExitByNmi(1);
            Instructions.Processor = _machine.Bootstrap;
        }
    }
}
