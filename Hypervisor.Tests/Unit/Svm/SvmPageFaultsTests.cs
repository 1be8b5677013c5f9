using System;
using System.Collections.Generic;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Memory;
using Hypervisor.Core.Svm;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Svm;

public sealed unsafe class SvmPageFaultsTests : IDisposable
{
    private const ulong Trap = 1 << 8;
    private const ulong SingleStep = 1 << 14;
    private const ulong GeneralProtection = (1ul << 31) | (1ul << 11) | (3ul << 8) | 13;
    private const uint Value = 0x8123_4567;

    private readonly SimulatedMachine _machine = new();

    private bool Steps => (_machine.Vmcb->RFlags & Trap) != 0 && (_machine.Vmcb->InterceptExceptions & 2) != 0;

    private ulong Protected => _machine.Options.RegionBase + 0x5000;

    public static IEnumerable<object[]> PlainWrites()
    {
        // MOV [r/m32], r32 with every register; the address is in RBX or R11.
        for (byte register = 0; register < 16; register++)
        {
            byte rex = (byte)(0x40 | (register >= 8 ? 4 : 0));
            yield return [new byte[] { rex, 0x89, (byte)(((register & 7) << 3) | 3) }, register];
            yield return [new byte[] { (byte)(rex | 1), 0x89, (byte)(0x43 | ((register & 7) << 3)), 0x10 }, register];
        }

        yield return [new byte[] { 0xC7, 0x03, 0x67, 0x45, 0x23, 0x81 }, -1];
        yield return [new byte[] { 0xC7, 0x83, 0, 1, 0, 0, 0x67, 0x45, 0x23, 0x81 }, -1];
        yield return [new byte[] { 0xA3, 0, 0, 0xE0, 0xFE, 0, 0, 0, 0 }, 0];
        yield return [new byte[] { 0x3E, 0x89, 0x0C, 0x25, 0, 0, 0xE0, 0x7E }, 1];
        yield return [new byte[] { 0x0F, 0xC3, 0x0B }, 1];
    }

    public static IEnumerable<object[]> UnusualWrites() =>
    [
        [new byte[] { 0x81, 0x0B, 0, 1, 0, 0 }],
        [new byte[] { 0x87, 0x0B }],
        [new byte[] { 0xF0, 0x09, 0x0B }],
        [new byte[] { 0x48, 0x89, 0x0B }],
        [new byte[] { 0x66, 0x89, 0x0B }],
        [new byte[] { 0x88, 0x0B }],
        [new byte[] { 0xAB }],
        [new byte[] { 0xF3, 0xAB }],
        [new byte[] { 0xA5 }],
        [new byte[] { 0xFF, 0x03 }],
        [new byte[] { 0x0F, 0x11, 0x03 }],
        [new byte[] { 0xC5, 0xF8, 0x11, 0x03 }],
        [new byte[] { 0x0F, 0x38, 0xF1, 0x0B }],
        [new byte[] { 0xFF, 0x33 }],
    ];

    public void Dispose() => _machine.Dispose();

    [Theory]
    [MemberData(nameof(PlainWrites))]
    public void A_32_bit_store_to_the_apic_is_carried_out(byte[] code, int register)
    {
        GuestCode.Write(_machine, code);
        SetRegister(register, 0xFFFF_FFFF_0000_0000 | Value);
        WriteApic(0x80);
        Assert.Equal((0x80u, Value), Assert.Single(_machine.Bootstrap.Apic.Writes));
        Assert.Equal(SimulatedMachine.GuestRip + (ulong)code.Length, _machine.Vmcb->Rip);
        Assert.Equal(0ul, _machine.Vmcb->EventInjection);
        Assert.Equal(1u, _machine.Data->Exits.Read(ExitCause.LocalApic));
        Assert.False(Steps);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Stores_of_16_and_32_bit_code_are_carried_out(bool real)
    {
        if (real)
        {
            GuestCode.EnterRealMode(_machine, 0x1000);
        }
        else
        {
            GuestCode.EnterProtectedMode(_machine);
        }

        _machine.Vmcb->Rip = 0x100;
        byte[] code = real ? [0x66, 0x67, 0xA3, 0xB0, 0, 0xE0, 0xFE] : [0xA3, 0xB0, 0, 0xE0, 0xFE];
        code.CopyTo(new Span<byte>(_machine.Guest(_machine.Vmcb->Cs.Base + 0x100), code.Length));
        SetRegister(0, Value);
        WriteApic(0xB0);
        Assert.Equal((0xB0u, Value), Assert.Single(_machine.Bootstrap.Apic.Writes));
        Assert.Equal(0x100 + (ulong)code.Length, _machine.Vmcb->Rip);
    }

    [Theory]
    [MemberData(nameof(UnusualWrites))]
    public void The_guest_executes_any_other_store_itself(byte[] code)
    {
        GuestCode.Write(_machine, code);
        WriteApic(0x80);
        Assert.Empty(_machine.Bootstrap.Apic.Writes);
        Assert.Equal(SimulatedMachine.GuestRip, _machine.Vmcb->Rip);
        Assert.True(Steps);
        Assert.Equal((SimulatedProcessor.ApicPage, NestedTables.Full), (Apic.Address, Apic.Flags));
        Assert.Equal(SvmTlbControl.FlushAll, _machine.Vmcb->TlbControl);

        Step();
        Assert.Equal((SimulatedProcessor.ApicPage, NestedTables.ReadOnly), (Apic.Address, Apic.Flags));
        Assert.False(Steps);
        Assert.Equal(SvmTlbControl.FlushAll, _machine.Vmcb->TlbControl);
        Assert.Equal(0ul, _machine.Vmcb->EventInjection);
    }

    [Theory]
    [MemberData(nameof(UnusualWrites))]
    public void No_other_store_reaches_the_command_register(byte[] code)
    {
        foreach (uint offset in new uint[] { 0x300, 0x303, 0x2FC, 0x2F8, 0x2C1 })
        {
            GuestCode.Write(_machine, code);
            _machine.Bootstrap.Apic.Writes.Clear();
            WriteApic(offset);
            Assert.Empty(_machine.Bootstrap.Apic.Writes);
            Assert.False(Steps);
            Assert.Equal(NestedTables.ReadOnly, Apic.Flags);
            Assert.Equal(SimulatedMachine.GuestRip + (ulong)code.Length, _machine.Vmcb->Rip);
        }
    }

    [Theory]
    [InlineData(0x2C0u)]
    [InlineData(0x310u)]
    [InlineData(0x304u)]
    [InlineData(0x320u)]
    public void Other_registers_take_unusual_stores(uint offset)
    {
        GuestCode.Write(_machine, [0x87, 0x0B]);
        WriteApic(offset);
        Assert.True(Steps);
    }

    [Theory]
    [InlineData(0x0000_4500u)]
    [InlineData(0x0000_C500u)]
    [InlineData(0x000C_4500u)]
    [InlineData(0x0000_8500u)]
    [InlineData(0x0000_4699u)]
    public void Init_and_sipi_do_not_leave(uint command)
    {
        _machine.TakeOver(1);
        _machine.Bootstrap.Apic[0x310] = SimulatedMachine.ApicId(1) << 24;
        GuestCode.Write(_machine, [0x89, 0x0B]);
        SetRegister(1, command);
        WriteApic(0x300);
        Assert.DoesNotContain(_machine.Bootstrap.Apic.Commands, sent => sent.IsInit || sent.IsStartup);
        Assert.Equal(SimulatedMachine.GuestRip + 2, _machine.Vmcb->Rip);
        Assert.Equal(SimulatedMachine.ApicId(1) << 24, _machine.Bootstrap.Apic[0x310]);
    }

    [Fact]
    public void Init_reaches_the_mailbox_of_the_processor_named_by_the_high_half()
    {
        _machine.TakeOver(1);
        _machine.Bootstrap.Apic[0x310] = SimulatedMachine.ApicId(1) << 24;
        GuestCode.Write(_machine, [0x89, 0x0B]);
        SetRegister(1, 0x4500);
        WriteApic(0x300);
        Assert.Equal(0x100u, _machine[1]->Startup.Request);
        Assert.Equal(ApicCommand.Nmi(SimulatedMachine.ApicId(1)), Assert.Single(_machine.Bootstrap.Apic.Commands));
    }

    [Theory]
    [InlineData(0x0000_0040u)]
    [InlineData(0x0000_0400u)]
    [InlineData(0x000C_0400u)]
    [InlineData(0x0004_00FBu)]
    public void Other_commands_leave_as_they_are(uint command)
    {
        _machine.Bootstrap.Apic[0x310] = 0x0300_0000;
        GuestCode.Write(_machine, [0x89, 0x0B]);
        SetRegister(1, command);
        WriteApic(0x300);
        Assert.Equal(new ApicCommand(command, 3), Assert.Single(_machine.Bootstrap.Apic.Commands));
    }

    [Fact]
    public void Logical_names_are_learnt_from_the_stores()
    {
        GuestCode.Write(_machine, [0x89, 0x0B]);
        SetRegister(1, 0x0200_0000);
        WriteApic(0xD0);
        _machine.Vmcb->Rip = SimulatedMachine.GuestRip;
        SetRegister(1, 0x0FFF_FFFF);
        WriteApic(0xE0);
        Assert.Equal((0x0200_0000u, 0x0FFF_FFFFu), (_machine.Data->ApicWindow.LogicalDestination, _machine.Data->ApicWindow.DestinationFormat));
        Assert.Equal([(0xD0u, 0x0200_0000u), (0xE0u, 0x0FFF_FFFFu)], _machine.Bootstrap.Apic.Writes);
    }

    [Fact]
    public void A_store_that_the_guest_traces_ends_in_its_debug_exception()
    {
        GuestCode.Write(_machine, [0x89, 0x0B]);
        _machine.Vmcb->RFlags |= Trap;
        WriteApic(0x80);
        Assert.Equal(GuestEvent.Exception(1).Value, _machine.Vmcb->EventInjection);
        Assert.NotEqual(0ul, _machine.Vmcb->Dr6 & SingleStep);
    }

    [Fact]
    public void A_dropped_trap_lets_the_store_pass()
    {
        _machine.Machine->ApicTrapWanted = 0;
        GuestCode.Write(_machine, [0x89, 0x0B]);
        WriteApic(0x80);
        Assert.Empty(_machine.Bootstrap.Apic.Writes);
        Assert.Equal(SimulatedMachine.GuestRip, _machine.Vmcb->Rip);
        Assert.Equal(NestedTables.Full, Apic.Flags);
        Assert.Equal(SvmTlbControl.FlushAll, _machine.Vmcb->TlbControl);
        Assert.False(Steps);
    }

    [Fact]
    public void A_write_to_the_hosts_memory_goes_to_a_page_of_scratch_for_one_instruction()
    {
        GuestCode.Write(_machine, [0x89, 0x0B]);
        WriteProtected(Protected + 0x123);
        Assert.Equal((_machine.Machine->ScratchPage, NestedTables.Full), (_machine.Nested(Protected).Address, _machine.Nested(Protected).Flags));
        Assert.Equal(SimulatedMachine.GuestRip, _machine.Vmcb->Rip);
        Assert.Equal(SvmTlbControl.FlushAll, _machine.Vmcb->TlbControl);
        Assert.True(Steps);
        *(ulong*)(_machine.Machine->ScratchPage + 0x120) = ulong.MaxValue;

        Step();
        AssertShut(Protected);
        Assert.Equal(SvmTlbControl.FlushAll, _machine.Vmcb->TlbControl);
        Assert.False(Steps);
        Assert.Equal(0ul, _machine.Vmcb->EventInjection);
        Assert.True(new ReadOnlySpan<byte>((void*)_machine.Machine->ScratchPage, 0x1000).IndexOfAnyExcept((byte)0) < 0);
        Assert.Contains("write to the memory of hv", _machine.LogText());
    }

    [Fact]
    public void No_other_page_of_the_host_opens()
    {
        GuestCode.Write(_machine, [0x89, 0x0B]);
        WriteProtected(Protected);
        for (ulong page = _machine.Options.RegionBase; page < _machine.Options.RegionBase + _machine.RegionSize; page += 0x1000)
        {
            if (page != Protected)
            {
                AssertShut(page);
            }
        }
    }

    [Fact]
    public void One_instruction_may_write_across_pages()
    {
        GuestCode.Write(_machine, [0xA5]);
        ulong[] pages = [Protected, Protected + 0x1000, Protected + 0x7000, Protected + 0x8000];
        foreach (ulong page in pages)
        {
            WriteProtected(page + 0xFFF);
        }

        Assert.All(pages, page => Assert.Equal(_machine.Machine->ScratchPage, _machine.Nested(page).Address));
        Step();
        Assert.All(pages, AssertShut);
    }

    [Fact]
    public void A_fifth_page_is_more_than_an_instruction_can_touch()
    {
        GuestCode.Write(_machine, [0xA5]);
        for (ulong i = 0; i < 5; i++)
        {
            WriteProtected(Protected + (i * 0x1000));
        }

        Assert.Equal(GeneralProtection, _machine.Vmcb->EventInjection);
        AssertShut(Protected + 0x4000);
    }

    [Fact]
    public void First_and_last_byte_of_the_hosts_memory_are_protected_and_its_neighbours_are_not()
    {
        ulong first = _machine.Options.RegionBase;
        ulong end = first + _machine.RegionSize;
        foreach (ulong address in new[] { first, end - 1 })
        {
            GuestCode.Write(_machine, [0x89, 0x0B]);
            WriteProtected(address);
            Assert.True(Steps);
            Step();
            AssertShut(address & ~0xFFFul);
        }

        foreach (ulong address in new[] { first - 1, end })
        {
            GuestCode.Write(_machine, [0x89, 0x0B]);
            WriteProtected(address);
            Assert.False(Steps);
            Assert.Equal(GeneralProtection, _machine.Vmcb->EventInjection);
        }
    }

    [Fact]
    public void Memory_that_does_not_exist_faults_and_is_named_once()
    {
        for (uint i = 0; i < 3; i++)
        {
            GuestCode.Write(_machine, [0x89, 0x0B]);
            _machine.Exit(SvmExitCode.NestedPageFault, 6, 0x00FF_0000_0000_0000);
            Assert.Equal(GeneralProtection, _machine.Vmcb->EventInjection);
            Assert.Equal(i + 1, _machine.Data->Exits.Read(ExitCause.UnexpectedMemory));
        }

        Assert.Equal(2, _machine.LogText().Split("no memory is mapped").Length);
    }

    [Theory]
    [InlineData(0x6000_F000ul, 0x6001_0000ul)]
    [InlineData(0x6FF0_0000ul, 0x6001_0000ul)]
    public void The_page_opens_where_the_apic_shares_the_table_too(ulong apic, ulong region)
    {
        using SimulatedMachine machine = new(new MachineOptions { RegionBase = region, ApicPage = apic });
        ulong page = region + 0x4000;
        GuestCode.Write(machine, [0x89, 0x0B]);
        machine.Exit(SvmExitCode.NestedPageFault, 7, page + 8);
        Assert.Equal(machine.Machine->ScratchPage, machine.Nested(page).Address);
        machine.Exit(SvmExitCode.ExceptionDb);
        Assert.Equal((machine.Machine->ZeroPage, NestedTables.ReadOnly), (machine.Nested(page).Address, machine.Nested(page).Flags));
        Assert.Equal(machine.Machine->ZeroPage, PageTables.Find(machine.Machine->NestedRoot, page, out _)->Address);
    }

    [Theory]
    [InlineData(SvmExitCode.VmmCall)]
    [InlineData(SvmExitCode.Msr)]
    [InlineData(SvmExitCode.Nmi)]
    public void The_door_shuts_at_the_next_exit_whatever_it_is(SvmExitCode code)
    {
        // The instruction faulted, and the guest is in its handler: nothing may stay open meanwhile.
        GuestCode.Write(_machine, [0x89, 0x0B]);
        WriteProtected(Protected);
        _machine.Vmcb->Rip += 0x100;
        _machine.Vmcb->RFlags &= ~Trap;
        _machine.Exit(code);
        AssertShut(Protected);
    }

    private PageTableEntry Apic => _machine.Nested(SimulatedProcessor.ApicPage);

    private void AssertShut(ulong page)
    {
        foreach (ulong root in new[] { _machine.Machine->NestedRoot, _machine.Vmcb->NestedCr3 })
        {
            PageTableEntry* entry = PageTables.Find(root, page, out PageLevel level);
            Assert.Equal((PageLevel.Page4K, _machine.Machine->ZeroPage, NestedTables.ReadOnly), (level, entry->Address, entry->Flags));
        }
    }

    private void SetRegister(int register, ulong value)
    {
        if (register == 0)
        {
            _machine.Vmcb->Rax = value;
        }
        else if (register == 4)
        {
            _machine.Vmcb->Rsp = value;
        }
        else if (register > 0)
        {
            ((ulong*)&_machine.Data->Registers)[register] = value;
        }
    }

    private void WriteApic(uint offset) => _machine.Exit(SvmExitCode.NestedPageFault, 7, SimulatedProcessor.ApicPage + offset);

    private void WriteProtected(ulong address) => _machine.Exit(SvmExitCode.NestedPageFault, 7, address);

    private void Step()
    {
        _machine.Vmcb->Rip += 2;
        _machine.Vmcb->Dr6 |= SingleStep;
        _machine.Exit(SvmExitCode.ExceptionDb);
    }
}
