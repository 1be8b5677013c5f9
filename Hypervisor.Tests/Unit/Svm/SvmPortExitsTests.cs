using System;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Memory;
using Hypervisor.Core.Svm;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Svm;

public sealed unsafe class SvmPortExitsTests : IDisposable
{
    private readonly SimulatedMachine _machine = new();

    public SvmPortExitsTests()
    {
        GuestCode.Write(_machine, [0xE6, 0x70]);
        _machine.Bootstrap.Input = (port, size) => 0xA1B2_C3D4u + port;
    }

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData(1, 0x1111_2222_3333_4444ul)]
    [InlineData(2, 0x1111_2222_3333_C444ul)]
    [InlineData(4, 0x0000_0000_A1B2_C444ul)]
    public void Input_changes_as_much_of_rax_as_it_reads(int size, ulong expected)
    {
        _machine.Vmcb->Rax = 0x1111_2222_3333_4455;
        Access(size, isIn: true);
        Assert.Equal(expected, _machine.Vmcb->Rax);
        Assert.Equal(SimulatedMachine.GuestRip + 2, _machine.Vmcb->Rip);
    }

    [Theory]
    [InlineData(1, 0x44u)]
    [InlineData(2, 0x3344u)]
    [InlineData(4, 0x1122_3344u)]
    public void Output_writes_as_much_of_rax_as_it_has_bytes(int size, uint expected)
    {
        _machine.Vmcb->Rax = 0xFFFF_FFFF_1122_3344;
        Access(size, isIn: false);
        Assert.Equal((0x70, size, expected), Assert.Single(_machine.Bootstrap.Outputs));
        Assert.Equal(0xFFFF_FFFF_1122_3344, _machine.Vmcb->Rax);
        Assert.Equal(SimulatedMachine.GuestRip + 2, _machine.Vmcb->Rip);
        Assert.Equal(1u, _machine.Data->Exits.Read(ExitCause.Port));
    }

    [Theory]
    [InlineData(0x0F, 0x0A, true)]
    [InlineData(0x8F, 0x0A, true)]
    [InlineData(0x0F, 0xFF, true)]
    [InlineData(0x0F, 0x00, false)]
    [InlineData(0x0E, 0x0A, false)]
    [InlineData(0x1F, 0x0A, false)]
    [InlineData(0x80, 0x0A, false)]
    public void Choosing_a_shutdown_code_arms_the_trap(byte index, byte code, bool arms)
    {
        _machine.Machine->ApicTrapWanted = 0;
        Write(0x70, 1, index);
        Assert.Equal(0u, _machine.Machine->ApicTrapWanted);
        Write(0x71, 1, code);
        Assert.Equal(arms, _machine.Machine->ApicTrapWanted != 0);
        Assert.Equal(arms, _machine.Nested(SimulatedProcessor.ApicPage).Flags == NestedTables.ReadOnly && _machine.Machine->ApicTrapGeneration == 1);
        Assert.Equal([(0x70, 1, index), (0x71, 1, code)], _machine.Bootstrap.Outputs);
    }

    [Theory]
    [InlineData(0x70, 2, 0x0A0Fu)]
    [InlineData(0x6F, 4, 0x000A_0F00u)]
    [InlineData(0x6E, 4, 0x0A0F_0000u)]
    public void Wider_accesses_choose_with_the_bytes_that_reach_the_ports(int port, int size, uint value)
    {
        _machine.Machine->ApicTrapWanted = 0;
        Write((ushort)port, size, value);
        Assert.NotEqual(0u, _machine.Machine->ApicTrapWanted);
    }

    [Fact]
    public void A_word_that_ends_in_the_index_port_chooses_with_its_second_byte()
    {
        _machine.Machine->ApicTrapWanted = 0;
        Write(0x6F, 2, 0x0F00);
        Write(0x71, 1, 0x0A);
        Assert.NotEqual(0u, _machine.Machine->ApicTrapWanted);
    }

    [Fact]
    public void Reading_does_not_arm_the_trap()
    {
        _machine.Machine->ApicTrapWanted = 0;
        Write(0x70, 1, 0x0F);
        _machine.Vmcb->Rax = 0x0A;
        _machine.Exit(SvmExitCode.Io, (0x71ul << 16) | (1 << 4) | 1, _machine.Vmcb->Rip + 2);
        Assert.Equal(0u, _machine.Machine->ApicTrapWanted);
    }

    [Fact]
    public void Traced_port_accesses_end_in_a_debug_exception()
    {
        _machine.Vmcb->RFlags |= 1 << 8;
        Access(1, isIn: false);
        Assert.Equal(GuestEvent.Exception(1).Value, _machine.Vmcb->EventInjection);
    }

    private void Write(ushort port, int size, uint value)
    {
        _machine.Vmcb->Rax = value;
        _machine.Exit(SvmExitCode.Io, ((ulong)port << 16) | ((ulong)size << 4), _machine.Vmcb->Rip + 2);
    }

    private void Access(int size, bool isIn) =>
        _machine.Exit(SvmExitCode.Io, (0x70ul << 16) | ((ulong)size << 4) | (isIn ? 1u : 0), _machine.Vmcb->Rip + 2);
}
