using System;
using System.Collections.Generic;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;
using Hypervisor.Core.Vmx;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Guest;

/// <summary>Microcode updates that the guest loads: what the processor is shown, and what the guest is told.</summary>
public sealed unsafe class MicrocodeUpdateTests : IDisposable
{
    private const ulong Update = 0x7F00_1230_0800;
    private const ulong FirstPage = 0x50_0000;
    private const uint PageCount = 8;

    private readonly NativeRegion _tables = new(0x10_0000);
    private readonly SimulatedMachine _machine = new();
    private readonly PagingState _paging;
    private readonly List<byte> _seen = [];
    private ulong _linear;

    public MicrocodeUpdateTests()
    {
        PageArena arena = new(_tables.Base, _tables.Base + 0x10_0000);
        Assert.True(_machine.Machine->Update.Build(_machine.Machine->HostCr3, &arena));
        GuestCode.EnterLongMode(_machine);
        _paging = new PagingState(
            new Cr0(0x8005_0033), new Cr3(GuestCode.Root), new Cr4(0x620), new Efer(0xD01), new RFlags(2), 0, _machine.Machine->PhysicalAddressBits, true);
        for (uint i = 0; i < PageCount; i++)
        {
            // Consecutive pages of the guest lie anywhere but side by side.
            GuestCode.Map(_machine, (Update & ~0xFFFul) + (i * 0x1000), FirstPage + (((i * 3) % PageCount) * 0x2000));
        }

        _machine.Bootstrap.Msrs[Msr.IntelMicrocodeUpdate] = 0;
        _machine.Bootstrap.Cr3 = _machine.Data->HostCr3;
        _machine.Bootstrap.Boundary = Look;
    }

    public void Dispose()
    {
        _machine.Dispose();
        _tables.Dispose();
    }

    [Theory]
    [InlineData(0x100u)]
    [InlineData(0x1000u)]
    [InlineData(0x5432u)]
    public void The_processor_sees_header_and_data_in_one_piece(uint size)
    {
        Write(size);
        Assert.Equal(MicrocodeUpdateOutcome.Done, Load(out _));
        Assert.Equal((int)size + 48, _seen.Count);
        Assert.Equal(size, BitConverter.ToUInt32([.. _seen[28..32]]));
        for (int i = 48; i < _seen.Count; i++)
        {
            Assert.Equal(Content(i), _seen[i]);
        }

        Assert.Equal(Update & 0xFFF, (_linear - 48) & 0xFFF);
    }

    [Fact]
    public void A_size_of_0_means_2000_bytes()
    {
        Write(0);
        Assert.Equal(MicrocodeUpdateOutcome.Done, Load(out _));
        Assert.Equal(2048, _seen.Count);
    }

    [Fact]
    public void Behind_it_the_host_has_its_address_space_again_and_the_window_is_empty()
    {
        Write(0x2000);
        Load(out _);
        Assert.Equal(_machine.Data->HostCr3, _machine.Bootstrap.Cr3);
        Load(out _);
        Assert.Equal(2 * (0x2000 + 48), _seen.Count); // twice: the lock was given back

        PageTableEntry* found = PageTables.Find(_machine.Data->HostCr3, UpdateWindow.Start, out _);
        Assert.True(found == null || found->Address == _machine.Machine->ZeroPage);
    }

    [Fact]
    public void A_missing_page_is_the_guests_page_fault()
    {
        Write(0x5000);
        GuestCode.Map(_machine, (Update & ~0xFFFul) + 0x2000, 0, flags: 0);
        Assert.Equal(MicrocodeUpdateOutcome.PageFault, Load(out GuestPageFault fault));
        Assert.Equal(((Update & ~0xFFFul) + 0x2000, 0u), (fault.Address, fault.ErrorCode.Value));
        Assert.Empty(_seen);
        GuestCode.Map(_machine, Update, 0, flags: 0);
        Assert.Equal(MicrocodeUpdateOutcome.PageFault, Load(out fault));
        Assert.Equal(Update, fault.Address);
    }

    [Fact]
    public void What_is_too_large_is_dropped_with_a_word()
    {
        Write(MicrocodeUpdate.MaximumSize - 47);
        Assert.Equal(MicrocodeUpdateOutcome.Done, Load(out _));
        Assert.Empty(_seen);
        Assert.Contains("microcode update of", _machine.LogText(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_refusal_of_the_processor_is_the_guests()
    {
        _machine.Bootstrap.Msrs.Remove(Msr.IntelMicrocodeUpdate);
        Write(0x100);
        Assert.Equal(MicrocodeUpdateOutcome.GeneralProtection, Load(out _));
        Assert.Equal(_machine.Data->HostCr3, _machine.Bootstrap.Cr3);
    }

    [Fact]
    public void The_memory_of_the_host_is_never_shown()
    {
        Write(0x1800);
        GuestCode.Map(_machine, (Update & ~0xFFFul) + 0x1000, _machine.Machine->RegionBase);
        GuestCode.Map(_machine, (Update & ~0xFFFul) + 0x2000, 1ul << 39);
        PageTableEntry[] shown = [];
        _machine.Bootstrap.Boundary = () => shown = IsInWindow ? [Entry(0), Entry(1), Entry(2)] : shown;
        Load(out _);
        Assert.Equal((FirstPage, _machine.Machine->ZeroPage), (shown[0].Address, shown[1].Address));
        Assert.All(shown, entry => Assert.Equal(PageFlags.None, entry.Flags & (PageFlags.Writable | PageFlags.User)));
    }

    [Fact]
    public void An_exit_completes_the_instruction_or_raises_the_page_fault()
    {
        SimulatedVmcs fields = _machine.Bootstrap.Vmcs;
        VmxGuestFields.AddCapabilities(_machine.Bootstrap);
        VmxGuestFields.Fill(fields);
        fields[(uint)VmcsFieldNatural.GuestCr3] = GuestCode.Root;
        fields[(uint)VmcsField32.ExitReason] = (uint)VmxExitReason.Wrmsr;
        fields[(uint)VmcsField32.ExitInstructionLength] = 2;
        ulong rip = fields[(uint)VmcsFieldNatural.GuestRip];
        _machine.Data->Registers.Rcx = Msr.IntelMicrocodeUpdate;
        _machine.Data->Registers.Rax = unchecked((uint)(Update + 48));
        _machine.Data->Registers.Rdx = (Update + 48) >> 32;
        Write(0x100);
        VmxExit.Handle(_machine.Data);
        Assert.Equal(rip + 2, fields[(uint)VmcsFieldNatural.GuestRip]);
        Assert.NotEmpty(_seen);

        GuestCode.Map(_machine, Update, 0, flags: 0);
        VmxExit.Handle(_machine.Data);
        Assert.Equal(rip + 2, fields[(uint)VmcsFieldNatural.GuestRip]);
        Assert.Equal(0x8000_0B0Eul, fields[(uint)VmcsField32.EntryInterruptionInformation]);
        Assert.Equal(Update, _machine.Bootstrap.Cr2);
    }

    private static byte Content(int offset) => (byte)((offset * 7) ^ (offset >> 8));

    private bool IsInWindow => _machine.Bootstrap.Cr3 != _machine.Data->HostCr3;

    private MicrocodeUpdateOutcome Load(out GuestPageFault fault) => MicrocodeUpdate.Load(_machine.Data, _paging, Update + 48, out fault);

    private PageTableEntry Entry(uint page)
    {
        PageTableEntry* entry = PageTables.Find(_machine.Bootstrap.Cr3, UpdateWindow.Start + (page * 0x1000), out PageLevel level);
        Assert.Equal(PageLevel.Page4K, level);
        return *entry;
    }

    /// <summary>The processor executes an instruction: where the window is open, it is the one that reads the update.</summary>
    private void Look()
    {
        if (!IsInWindow)
        {
            return;
        }

        _linear = UpdateWindow.Start + (Update & 0xFFF) + 48;
        ulong first = _linear - 48;
        uint size = *(uint*)Byte(first + 28);
        size = size == 0 ? 2000 : size;
        for (uint i = 0; i < size + 48; i++)
        {
            _seen.Add(*Byte(first + i));
        }
    }

    private byte* Byte(ulong linear) => _machine.Guest(Entry((uint)((linear - UpdateWindow.Start) / 0x1000)).Address + (linear & 0xFFF));

    private void Write(uint size)
    {
        for (int i = 0; i < (int)Math.Min((size == 0 ? 2000 : size) + 48, (PageCount * 0x1000) - (Update & 0xFFF)); i++)
        {
            *GuestByte(i) = Content(i);
        }

        for (int i = 0; i < 4; i++)
        {
            *GuestByte(28 + i) = (byte)(size >> (8 * i));
        }
    }

    private byte* GuestByte(int offset)
    {
        ulong at = (Update & 0xFFF) + (ulong)offset;
        return _machine.Guest(FirstPage + (((at / 0x1000 * 3) % PageCount) * 0x2000) + (at & 0xFFF));
    }
}
