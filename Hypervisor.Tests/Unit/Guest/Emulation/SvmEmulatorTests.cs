using System;
using System.Collections.Generic;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Emulation;
using Hypervisor.Core.Svm;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Guest.Emulation;

/// <summary>The whole way from an exit of an SVM guest and back.</summary>
public sealed unsafe class SvmEmulatorTests : IDisposable
{
    private const ulong Linear = 0x7000_0000_0000;
    private const ulong Device = 0x4000_0000;
    private const ulong Stack = 0x5000_0000;
    private const ulong Trap = 1 << 8;
    private const ulong Resume = 1 << 16;
    private const ulong DebugException = (1ul << 31) | (3ul << 8) | 1;
    private const ulong PageFault = (1ul << 31) | (1ul << 11) | (3ul << 8) | 14;

    private readonly SimulatedMachine _machine = new();
    private readonly List<(ulong Address, int Size, bool Write)> _seen = [];

    public SvmEmulatorTests()
    {
        GuestCode.EnterLongMode(_machine);
        GuestCode.Map(_machine, SimulatedMachine.GuestRip & ~0xFFFUL, SimulatedMachine.GuestRip & ~0xFFFUL);
        GuestCode.Map(_machine, Linear, Device);
        GuestCode.Map(_machine, Stack, Stack);
        ModelBus.Base = (ulong)_machine.Guest(0);
        ModelBus.Trapped = page => page == Device;
        ModelBus.Seen = (address, size, write) => _seen.Add((address, size, write));
        Registers->Rbx = Linear + 0x10;
        _machine.Vmcb->EventInjection = 0;
        _machine.Vmcb->InterruptShadow = 1;
    }

    private GuestRegisters* Registers => &_machine.Data->Registers;

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData("8B03")] // MOV EAX, [RBX]: the short way
    [InlineData("0FB603")] // MOVZX EAX, byte: the whole way
    [InlineData("8B23")] // MOV ESP, [RBX]
    public void A_load_is_completed(string hex)
    {
        *_machine.Guest(Device + 0x10) = 0x42;
        int length = Put(hex);
        Assert.Equal(EmulationOutcome.Done, Execute(write: false));
        Assert.Equal(0x42ul, hex == "8B23" ? _machine.Vmcb->Rsp : Registers->Rax);
        Assert.Equal(SimulatedMachine.GuestRip + (ulong)length, _machine.Vmcb->Rip);
        Assert.Equal(0ul, _machine.Vmcb->InterruptShadow);
        Assert.Equal(0ul, _machine.Vmcb->EventInjection);
        Assert.Single(_seen);
    }

    [Theory]
    [InlineData(Device + 0x10, true)] // the exit was a store: the code has been changed since
    [InlineData(Device + 0x14, false)] // the exit was for another address
    public void The_short_way_is_only_for_what_the_processor_has_checked(ulong physical, bool write)
    {
        Put("8B03");
        GuestCode.Map(_machine, Linear, Device, flags: 1); // the processor at privilege 3 may not
        _machine.Vmcb->Cpl = 3;
        Assert.Equal(EmulationOutcome.Faulted, InstructionEmulator.Execute<SvmGuest, ModelBus>(_machine.Data, physical, write));
        Assert.Equal(PageFault | (5ul << 32), _machine.Vmcb->EventInjection);
        Assert.Equal(Linear + 0x10, _machine.Vmcb->Cr2);
        Assert.Equal(SimulatedMachine.GuestRip, _machine.Vmcb->Rip);
        Assert.Empty(_seen);
    }

    [Fact]
    public void A_push_moves_the_stack_pointer()
    {
        Registers->Rsp = Stack + 0x100;
        Put("FF33");
        Assert.Equal(EmulationOutcome.Done, Execute(write: false));
        Assert.Equal(Stack + 0xF8, _machine.Vmcb->Rsp);
        Assert.Equal([(Device + 0x10, 8, false)], _seen);
    }

    [Fact]
    public void A_jump_goes_where_the_device_says()
    {
        *(ulong*)_machine.Guest(Device + 0x10) = 0x1234_5678;
        Put("FF23");
        Assert.Equal(EmulationOutcome.Done, Execute(write: false));
        Assert.Equal(0x1234_5678ul, _machine.Vmcb->Rip);
        Assert.Equal(0ul, _machine.Vmcb->InterruptShadow);
    }

    [Fact]
    public void Flags_are_stored()
    {
        Put("FF03");
        *(uint*)_machine.Guest(Device + 0x10) = uint.MaxValue;
        Assert.Equal(EmulationOutcome.Done, Execute(write: true));
        Assert.True(new RFlags(_machine.Vmcb->RFlags).Zero);
        Assert.True(new RFlags(_machine.Vmcb->RFlags).InterruptEnable);
    }

    [Fact]
    public void A_repeated_string_goes_on_where_it_stands()
    {
        Registers->Rdi = Linear;
        Registers->Rcx = 100;
        int length = Put("F3AB");
        Assert.Equal(EmulationOutcome.Done, Execute(write: true));
        Assert.Equal(SimulatedMachine.GuestRip, _machine.Vmcb->Rip);
        Assert.Equal(Resume, _machine.Vmcb->RFlags & Resume);
        Assert.Equal(36ul, Registers->Rcx);
        Assert.Equal(EmulationOutcome.Done, Execute(write: true));
        Assert.Equal(SimulatedMachine.GuestRip + (ulong)length, _machine.Vmcb->Rip);
        Assert.Equal(0ul, _machine.Vmcb->RFlags & Resume);
        Assert.Equal((0ul, 100), (Registers->Rcx, _seen.Count));
    }

    [Fact]
    public void A_traced_string_stops_behind_each_element()
    {
        Registers->Rdi = Linear;
        Registers->Rcx = 2;
        _machine.Vmcb->RFlags |= Trap;
        int length = Put("F3AB");
        for (ulong left = 1; left <= 1; left--)
        {
            _machine.Vmcb->EventInjection = 0;
            Assert.Equal(EmulationOutcome.Done, Execute(write: true));
            Assert.Equal(left, Registers->Rcx);
            Assert.Equal(DebugException, _machine.Vmcb->EventInjection);
            Assert.Equal(left == 0 ? SimulatedMachine.GuestRip + (ulong)length : SimulatedMachine.GuestRip, _machine.Vmcb->Rip);
            Assert.Equal(left == 0 ? 0 : Resume, _machine.Vmcb->RFlags & Resume);
        }
    }

    [Theory]
    [InlineData("D903")] // FLD
    [InlineData("0FA2")]
    [InlineData("F0")]
    public void What_is_not_known_changes_nothing(string hex)
    {
        Put(hex);
        GuestRegisters before = *Registers;
        Vmcb state = *_machine.Vmcb;
        Assert.Equal(EmulationOutcome.NotEmulated, Execute(write: true));
        Assert.Equal(before, *Registers);
        Assert.True(new ReadOnlySpan<byte>(&state, sizeof(Vmcb)).SequenceEqual(new ReadOnlySpan<byte>(_machine.Vmcb, sizeof(Vmcb))));
    }

    [Fact]
    public void Code_at_the_end_of_its_page_takes_the_whole_way()
    {
        const ulong rip = (SimulatedMachine.GuestRip & ~0xFFFUL) + 0xFFE;
        _machine.Vmcb->Rip = rip;
        *(ushort*)_machine.Guest(rip) = 0x038B;
        Assert.Equal(EmulationOutcome.Done, Execute(write: false));
        Assert.Equal(rip + 2, _machine.Vmcb->Rip);
    }

    [Fact]
    public void Segments_count_outside_64_bit_code()
    {
        GuestCode.EnterProtectedMode(_machine);
        _machine.Vmcb->Ds = new VmcbSegment { Base = Device, Limit = 0x0F, Attributes = 0xC93 };
        Registers->Rbx = 0x0C;
        Put("8B03");
        Assert.Equal(EmulationOutcome.Done, Execute(write: false));
        Registers->Rbx = 0x0D;
        _machine.Vmcb->Rip = SimulatedMachine.GuestRip;
        Assert.Equal(EmulationOutcome.Faulted, Execute(write: false));
        Assert.Equal((byte)13, (byte)_machine.Vmcb->EventInjection);
    }

    private int Put(string hex)
    {
        byte[] code = Convert.FromHexString(hex);
        new Span<byte>(_machine.Guest(SimulatedMachine.GuestRip), 16).Fill(0x66); // fifteen prefixes are no instruction
        code.CopyTo(new Span<byte>(_machine.Guest(SimulatedMachine.GuestRip), code.Length));
        return code.Length;
    }

    private EmulationOutcome Execute(bool write) => InstructionEmulator.Execute<SvmGuest, ModelBus>(_machine.Data, Device + 0x10, write);
}
