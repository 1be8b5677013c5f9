using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Emulation;
using Hypervisor.Core.Vmx;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Guest.Emulation;

/// <summary>The whole way from an exit of a VMX guest and back.</summary>
public sealed unsafe class VmxEmulatorTests : IDisposable
{
    private const ulong Linear = 0x7000_0000_0000;
    private const ulong Device = 0x4000_0000;
    private const ulong Stack = 0x5000_0000;
    private const ulong Resume = 1 << 16;
    private const uint PageFault = 0x8000_0B0E;

    private readonly IntelMachine _machine = new();

    public VmxEmulatorTests()
    {
        IntelGuestCode.EnterLongMode(_machine);
        GuestCode.Map(_machine, SimulatedMachine.GuestRip & ~0xFFFUL, SimulatedMachine.GuestRip & ~0xFFFUL);
        GuestCode.Map(_machine, Linear, Device);
        GuestCode.Map(_machine, Stack, Stack);
        Instructions.Processor = _machine.Bootstrap;
        ModelBus.Base = (ulong)_machine.Guest(0);
        ModelBus.Trapped = page => page == Device;
        ModelBus.Seen = null;
        Registers->Rbx = Linear + 0x10;
        _machine.Set(VmcsField32.EntryInterruptionInformation, 0);
    }

    private GuestRegisters* Registers => &_machine.Data->Registers;

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData("8B03")]
    [InlineData("0FB603")]
    [InlineData("8B23")]
    public void A_load_is_completed(string hex)
    {
        *_machine.Guest(Device + 0x10) = 0x42;
        int length = Put(hex);
        Assert.Equal(EmulationOutcome.Done, Execute(write: false));
        Assert.Equal(0x42ul, hex == "8B23" ? _machine.Get(VmcsFieldNatural.GuestRsp) : Registers->Rax);
        Assert.Equal(SimulatedMachine.GuestRip + (ulong)length, _machine.Rip);
        Assert.Equal(0u, _machine.Injected);
    }

    [Fact]
    public void A_page_fault_is_raised()
    {
        Registers->Rbx = Linear + 0x2000;
        Put("FF03");
        Assert.Equal(EmulationOutcome.Faulted, InstructionEmulator.Execute<VmxGuest, ModelBus>(_machine.Data));
        Assert.Equal((PageFault, 2u), (_machine.Injected, _machine.InjectedErrorCode));
        Assert.Equal(Linear + 0x2000, _machine.Bootstrap.Cr2);
        Assert.Equal(SimulatedMachine.GuestRip, _machine.Rip);
    }

    [Fact]
    public void A_call_stores_rip_flags_and_stack_pointer()
    {
        Registers->Rsp = Stack + 0x100;
        *(ulong*)_machine.Guest(Device + 0x10) = 0x1234_5678;
        int length = Put("FF13");
        Assert.Equal(EmulationOutcome.Done, Execute(write: false));
        Assert.Equal(0x1234_5678ul, _machine.Rip);
        Assert.Equal(Stack + 0xF8, _machine.Get(VmcsFieldNatural.GuestRsp));
        Assert.Equal(SimulatedMachine.GuestRip + (ulong)length, *(ulong*)_machine.Guest(Stack + 0xF8));
    }

    [Fact]
    public void A_repeated_string_goes_on_where_it_stands()
    {
        Registers->Rdi = Linear;
        Registers->Rcx = 100;
        int length = Put("F3AB");
        Assert.Equal(EmulationOutcome.Done, Execute(write: true));
        Assert.Equal((SimulatedMachine.GuestRip, 36ul, Resume), (_machine.Rip, Registers->Rcx, _machine.Flags & Resume));
        Assert.Equal(EmulationOutcome.Done, Execute(write: true));
        Assert.Equal((SimulatedMachine.GuestRip + (ulong)length, 0ul, 0ul), (_machine.Rip, Registers->Rcx, _machine.Flags & Resume));
    }

    [Fact]
    public void Segments_count_outside_64_bit_code()
    {
        IntelGuestCode.EnterProtectedMode(_machine);
        _machine.Set(VmcsFieldNatural.GuestDsBase, Device);
        _machine.Set(VmcsField32.GuestDsLimit, 0x0F);
        Registers->Rbx = 0x0C;
        Put("8B03");
        Assert.Equal(EmulationOutcome.Done, Execute(write: false));
        _machine.Rip = SimulatedMachine.GuestRip;
        _machine.Set(VmcsField32.GuestDsAccessRights, 1u << 16);
        Assert.Equal(EmulationOutcome.Faulted, Execute(write: false));
        Assert.Equal((byte)13, (byte)_machine.Injected);
    }

    private int Put(string hex)
    {
        byte[] code = Convert.FromHexString(hex);
        code.CopyTo(new Span<byte>(_machine.Guest(SimulatedMachine.GuestRip), code.Length));
        return code.Length;
    }

    private EmulationOutcome Execute(bool write) => InstructionEmulator.Execute<VmxGuest, ModelBus>(_machine.Data, Device + 0x10, write);
}
