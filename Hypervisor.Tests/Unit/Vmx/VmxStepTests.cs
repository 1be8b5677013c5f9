using System;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Vmx;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Vmx;

/// <summary>One instruction executed natively with a door open onto the host's memory: what the guest sees of it.</summary>
public sealed unsafe class VmxStepTests : IDisposable
{
    private const ulong Trap = 1 << 8;
    private const ulong Resume = 1 << 16;
    private const ulong SingleStep = 1 << 14;
    private const ulong BranchSingleStep = 1 << 1;
    private const uint Debug = 0x8000_0301;
    private const uint AllButNmi = 0xFFFF_FFFB;
    private const uint GeneralProtection = 0x8000_0B0D;
    private const uint NmiUnblocked = 1u << 12;

    private readonly IntelMachine _machine = new();

    public VmxStepTests()
    {
        IntelGuestCode.EnterLongMode(_machine);
    }

    private ulong Protected => _machine.Options.RegionBase + 0x5000;

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void A_write_to_the_hosts_memory_goes_to_a_page_of_scratch_for_one_instruction()
    {
        Open(0x123);
        EptWalk.Mapping mapping = _machine.Ept(Protected);
        Assert.Equal((_machine.Machine->ScratchPage, (uint)EptRights.Full), (mapping.Physical, mapping.Rights));
        Assert.Equal(SimulatedMachine.GuestRip, _machine.Rip);
        Assert.NotEmpty(_machine.Bootstrap.EptInvalidations);
        *(ulong*)(_machine.Machine->ScratchPage + 0x120) = ulong.MaxValue;
        _machine.Bootstrap.EptInvalidations.Clear();
        End();
        AssertShut(Protected);
        Assert.NotEmpty(_machine.Bootstrap.EptInvalidations);
        Assert.True(new ReadOnlySpan<byte>((void*)_machine.Machine->ScratchPage, 0x1000).IndexOfAnyExcept((byte)0) < 0);
        Assert.Equal(0u, _machine.Injected);
        Assert.Contains("write to the memory of hv", _machine.LogText());
    }

    [Fact]
    public void No_other_page_of_the_host_opens()
    {
        Open();
        for (ulong page = _machine.Options.RegionBase; page < _machine.Options.RegionBase + _machine.RegionSize; page += 0x1000)
        {
            if (page != Protected)
            {
                AssertShut(page);
            }
        }
    }

    [Theory]
    [InlineData(false, 0ul, false)]
    [InlineData(true, 0ul, true)]
    [InlineData(false, 4ul, true)]
    [InlineData(true, 9ul, true)]
    public void The_guest_gets_the_debug_exceptions_it_asked_for(bool traced, ulong breakpoints, bool expected)
    {
        _machine.Flags = traced ? 0x302ul : 0x202;
        Open();
        Assert.Equal(0x102ul, _machine.Flags); // stepped, and no interrupt comes between
        Assert.Equal(AllButNmi, _machine.Get(VmcsField32.ExceptionBitmap));
        End(breakpoints);
        Assert.Equal(expected ? Debug : 0, _machine.Injected);
        Assert.Equal(traced ? 0x302ul : 0x202, _machine.Flags);
        Assert.Equal(0xFFFF_0FF0 | breakpoints | (traced ? SingleStep : 0), _machine.Bootstrap.Dr6);
        Assert.Equal(0u, _machine.Get(VmcsField32.ExceptionBitmap));
        Assert.Equal(1u, _machine.Data->Exits.Read(ExitCause.Step));
    }

    [Fact]
    public void A_trap_that_the_guest_has_not_yet_cleared_stays_in_dr6()
    {
        _machine.Bootstrap.Dr6 = 0xFFFF_0FF0 | SingleStep;
        Open();
        End();
        Assert.Equal(0xFFFF_0FF0 | SingleStep, _machine.Bootstrap.Dr6);
        Assert.Equal(0u, _machine.Injected);
    }

    [Fact]
    public void A_guest_that_traces_branches_is_not_told_of_the_step()
    {
        _machine.Flags |= Trap;
        _machine.Set(VmcsField64.GuestDebugControl, BranchSingleStep);
        Open();
        Assert.Equal(0ul, _machine.Get(VmcsField64.GuestDebugControl));
        End();
        Assert.Equal(0u, _machine.Injected);
        Assert.Equal(BranchSingleStep, _machine.Get(VmcsField64.GuestDebugControl));
        Assert.Equal(0x202ul | Trap, _machine.Flags);
    }

    [Theory]
    [InlineData(VmxInterruptibility.BlockingBySti, 0ul)]
    [InlineData(VmxInterruptibility.BlockingByMovSs, 0ul)]
    [InlineData(VmxInterruptibility.BlockingBySti, Trap)]
    [InlineData(VmxInterruptibility.BlockingByMovSs, Trap)]
    public void In_a_shadow_the_step_begins_at_once_and_ends_behind_the_instruction(VmxInterruptibility blocking, ulong trap)
    {
        _machine.Blocking = blocking;
        _machine.Flags |= trap;
        _machine.PendingDebug = trap != 0 ? VmxPendingDebug.SingleStep : VmxPendingDebug.None;
        Open();
        Assert.Equal((VmxInterruptibility.None, VmxPendingDebug.None), (_machine.Blocking, _machine.PendingDebug));
        End();
        Assert.Equal(trap != 0 ? Debug : 0, _machine.Injected);
        Assert.Equal(0x202ul | trap, _machine.Flags);
    }

    [Fact]
    public void A_single_step_noted_too_early_is_forgotten()
    {
        _machine.Flags |= Trap;
        _machine.PendingDebug = VmxPendingDebug.SingleStep;
        Open();
        Assert.Equal(VmxPendingDebug.None, _machine.PendingDebug);
    }

    [Fact]
    public void Two_faults_of_one_instruction_remember_the_first_flags()
    {
        Open();
        Open(0x1000);
        End();
        Assert.Equal(0x202ul, _machine.Flags);
        Assert.Equal(0u, _machine.Injected);
        AssertShut(Protected);
        AssertShut(Protected + 0x1000);
    }

    [Theory]
    [InlineData(0x8000_0B0Du, 0x10u)]
    [InlineData(0x8000_0B0Cu, 0u)]
    [InlineData(0x8000_0B11u, 0u)]
    [InlineData(0x8000_0306u, 0u)]
    [InlineData(0x8000_0B0Eu, 6u)]
    public void A_fault_of_the_instruction_is_the_guests_and_shuts_the_door(uint information, uint errorCode)
    {
        const ulong address = 0x1234_5000;
        _machine.Bootstrap.Cr2 = 0x99;
        Open();
        Fault(information, errorCode, address);
        Assert.Equal(information, _machine.Injected);
        Assert.True((information & 0x800) == 0 || errorCode == _machine.InjectedErrorCode);
        Assert.Equal((byte)information == 14 ? address : 0x99, _machine.Bootstrap.Cr2);
        Assert.Equal(0x202ul | Resume, _machine.Flags); // a fault pushes RF
        Assert.Equal(0u, _machine.Get(VmcsField32.ExceptionBitmap));
        Assert.Equal(SimulatedMachine.GuestRip, _machine.Rip);
        AssertShut(Protected);
    }

    [Theory]
    [InlineData(0x8000_0603u, 1u)]
    [InlineData(0x8000_0604u, 1u)]
    public void A_trap_of_the_instruction_needs_its_length(uint information, uint length)
    {
        Open();
        Fault(information, 0, 0, length);
        Assert.Equal(information, _machine.Injected);
        Assert.Equal(length, _machine.Get(VmcsField32.EntryInstructionLength));
    }

    [Fact]
    public void An_iret_that_faults_behind_unblocking_nmis_blocks_them_again()
    {
        Open();
        Fault(GeneralProtection | NmiUnblocked, 0, 0);
        Assert.Equal(VmxInterruptibility.BlockingByNmi, _machine.Blocking);
        Assert.Equal(GeneralProtection, _machine.Injected);
    }

    [Fact]
    public void A_fault_on_top_of_a_delivery_is_a_double_fault()
    {
        Open();
        _machine.Interrupted = (0x8000_0B0E, 2);
        Fault(GeneralProtection, 0, 0);
        Assert.Equal(0x8000_0B08u, _machine.Injected);
    }

    [Theory]
    [InlineData(VmxExitReason.Cpuid)]
    [InlineData(VmxExitReason.Vmcall)]
    [InlineData(VmxExitReason.Rdmsr)]
    [InlineData(VmxExitReason.Xsetbv)]
    [InlineData(VmxExitReason.Pause)]
    public void The_door_shuts_at_the_next_exit_whatever_it_is(VmxExitReason reason)
    {
        Open();
        _machine.Exit(reason);
        AssertShut(Protected);
        Assert.False(_machine.Data->Step.Active);
        Assert.Equal(0ul, _machine.Flags & Trap);
        Assert.Equal(0u, _machine.Get(VmcsField32.ExceptionBitmap));
    }

    [Fact]
    public void Memory_elsewhere_shuts_it_too()
    {
        Open();
        _machine.ExitByMemory(0x7F_0000_0000);
        AssertShut(Protected);
        Assert.Equal(GeneralProtection, _machine.Injected);
        Assert.Equal(0x202ul | Resume, _machine.Flags);
    }

    [Fact]
    public void A_fifth_page_is_more_than_an_instruction_can_touch()
    {
        for (ulong i = 0; i < 5; i++)
        {
            Open(i * 0x1000);
        }

        Assert.Equal(GeneralProtection, _machine.Injected);
        AssertShut(Protected + 0x4000);
        _machine.Exit(VmxExitReason.Invd);
        for (ulong i = 0; i < 5; i++)
        {
            AssertShut(Protected + (i * 0x1000));
        }
    }

    [Fact]
    public void First_and_last_byte_of_the_hosts_memory_are_protected_and_its_neighbours_are_not()
    {
        ulong first = _machine.Options.RegionBase;
        ulong end = first + _machine.RegionSize;
        foreach (ulong address in (ulong[])[first, end - 1])
        {
            AssertShut(address & ~0xFFFul);
            _machine.ExitByMemory(address);
            Assert.True(_machine.Data->Step.Active);
            End();
            AssertShut(address & ~0xFFFul);
        }

        foreach (ulong address in (ulong[])[first - 0x1000, end])
        {
            Assert.Equal(((uint)EptRights.Full, address), (_machine.Ept(address).Rights, _machine.Ept(address).Physical + (address - _machine.Ept(address).Guest)));
        }
    }

    [Fact]
    public void Only_the_first_writes_are_named()
    {
        for (int i = 0; i < 20; i++)
        {
            Open();
            End();
        }

        Assert.InRange(_machine.LogText().Split("write to the memory of hv").Length - 1, 1, 10);
        Assert.Equal(20u, _machine.Data->Exits.Read(ExitCause.ProtectedMemory));
    }

    private void Open(ulong offset = 0) => _machine.ExitByMemory(Protected + offset);

    /// <summary>The instruction is done: its single step, and breakpoints that it met.</summary>
    private void End(ulong breakpoints = 0)
    {
        _machine.Arrived = (Debug, 0);
        _machine.Exit(VmxExitReason.ExceptionOrNmi, SingleStep | breakpoints);
    }

    private void Fault(uint information, uint errorCode, ulong qualification, uint length = IntelMachine.InstructionLength)
    {
        _machine.Arrived = (information, errorCode);
        _machine.Exit(VmxExitReason.ExceptionOrNmi, qualification, length: length);
    }

    private void AssertShut(ulong page)
    {
        EptWalk.Mapping mapping = _machine.Ept(page);
        Assert.Equal((_machine.Machine->ZeroPage, (uint)EptRights.ReadOnly, 0x1000ul), (mapping.Physical, mapping.Rights, mapping.Size));
    }
}
