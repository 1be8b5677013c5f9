using System;
using System.Linq;
using Hypervisor.Core.Mediation;
using Hypervisor.Core.Svm;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Guest.Emulation;

/// <summary>INS and OUTS of claimed ports.</summary>
public sealed unsafe class StringPortExecutionTests : IDisposable
{
    private const ushort Port = 0x1F0;
    private const ulong Buffer = 0x40_0000;
    private const ulong BufferPage = 0x50_0000;
    private const ulong PageFaultEvent = 0x8000_0B0E;

    private readonly RecordingMediator _mediator = new() { Claims = host => host.ClaimPorts(Port, Port + 7) };
    private readonly MediatedMachine _machine;

    public StringPortExecutionTests()
    {
        _machine = new MediatedMachine(_mediator);
        GuestCode.EnterLongMode(_machine.Inner);
        GuestCode.Map(_machine.Inner, Buffer, BufferPage);
        GuestCode.Map(_machine.Inner, Buffer + 0x1000, BufferPage + 0x1000);
        _machine.Inner.Bootstrap.Outputs.Clear();
    }

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Repeated_output_writes_every_element_and_ends_with_the_count_at_zero()
    {
        for (int i = 0; i < 10; i++)
        {
            ((ushort*)_machine.Inner.Guest(BufferPage))[i] = (ushort)(0x100 + i);
        }

        Execute([0xF3, 0x66, 0x6F], source: Buffer, count: 10, size: 2, isIn: false);
        Assert.Equal(
            Enumerable.Range(0, 10).Select(i => (Port, 2, (uint)(0x100 + i))), _machine.Inner.Bootstrap.Outputs.Where(o => o.Port == Port));
        Assert.Equal((0ul, Buffer + 20, SimulatedMachine.GuestRip + 3), (_machine.Inner.Data->Registers.Rcx, _machine.Inner.Data->Registers.Rsi, _machine.Inner.Vmcb->Rip));
        Assert.Equal(10, _mediator.Ports.Count);
        Assert.All(_mediator.Ports, p => Assert.True(p.IsString));
    }

    [Fact]
    public void Repeated_input_fills_memory_and_a_long_one_goes_on_at_the_next_exit()
    {
        uint next = 0;
        _machine.Inner.Bootstrap.Input = (_, _) => next++;
        Execute([0xF3, 0x6D], destination: Buffer, count: 100, size: 4, isIn: true);
        Assert.Equal((36ul, SimulatedMachine.GuestRip), (_machine.Inner.Data->Registers.Rcx, _machine.Inner.Vmcb->Rip));
        _machine.Inner.Exit(SvmExitCode.Io, Information(4, isIn: true), SimulatedMachine.GuestRip + 2);
        Assert.Equal((0ul, SimulatedMachine.GuestRip + 2), (_machine.Inner.Data->Registers.Rcx, _machine.Inner.Vmcb->Rip));
        Assert.Equal(Enumerable.Range(0, 100).Select(i => (uint)i), new Span<uint>(_machine.Inner.Guest(BufferPage), 100).ToArray());
    }

    [Fact]
    public void Input_into_a_page_that_is_not_there_faults_before_the_port_is_read()
    {
        int reads = 0;
        _machine.Inner.Bootstrap.Input = (_, _) => (uint)reads++;
        Execute([0x6C], destination: 0x70_0000, count: 1, size: 1, isIn: true);
        Assert.Equal(0, reads);
        Assert.Equal(PageFaultEvent, _machine.Inner.Vmcb->EventInjection & 0xFFFF_FFFF);
        Assert.Equal(0x70_0000ul, _machine.Inner.Vmcb->Cr2);
        Assert.Equal(SimulatedMachine.GuestRip, _machine.Inner.Vmcb->Rip);
    }

    [Fact]
    public void A_refused_input_reads_ones()
    {
        _mediator.Port = _ => (Verdict.Deny, 0);
        Execute([0x6D], destination: Buffer, count: 1, size: 4, isIn: true);
        Assert.Equal(uint.MaxValue, *(uint*)_machine.Inner.Guest(BufferPage));
    }

    [Fact]
    public void With_the_direction_flag_addresses_go_down()
    {
        _machine.Inner.Vmcb->RFlags |= 1 << 10;
        *_machine.Inner.Guest(BufferPage + 1) = 0xAA;
        Execute([0x6E], source: Buffer + 1, count: 1, size: 1, isIn: false);
        Assert.Equal((Buffer, 0xAAu), (_machine.Inner.Data->Registers.Rsi, _machine.Inner.Bootstrap.Outputs.Single(o => o.Port == Port).Value));
    }

    [Fact]
    public void What_the_mediator_leaves_to_the_guest_the_guest_executes_with_all_ports_open()
    {
        _mediator.Port = r => (Verdict.Guest, r.Value);
        Execute([0xF3, 0x6E], source: Buffer, count: 3, size: 1, isIn: false);
        Assert.Equal(_machine.Inner.Machine->OpenIoPermissionMap, _machine.Inner.Vmcb->IoPermissionMap);
        Assert.Equal((3ul, SimulatedMachine.GuestRip), (_machine.Inner.Data->Registers.Rcx, _machine.Inner.Vmcb->Rip));
    }

    private static ulong Information(int size, bool isIn) => ((ulong)Port << 16) | ((ulong)size << 4) | (1 << 2) | (isIn ? 1u : 0);

    private void Execute(byte[] code, int size, bool isIn, ulong count, ulong source = 0, ulong destination = 0)
    {
        GuestCode.Place(_machine.Inner, SimulatedMachine.GuestRip, code);
        _machine.Inner.Data->Registers.Rcx = count;
        _machine.Inner.Data->Registers.Rsi = source;
        _machine.Inner.Data->Registers.Rdi = destination;
        _machine.Inner.Exit(SvmExitCode.Io, Information(size, isIn), SimulatedMachine.GuestRip + (ulong)code.Length);
    }
}
