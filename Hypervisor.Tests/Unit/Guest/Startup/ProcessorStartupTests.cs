using System;
using System.Linq;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Svm;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Guest.Startup;

public sealed unsafe class ProcessorStartupTests : IDisposable
{
    private const uint Init = 0x4500;
    private const uint Startup = 0x4600;
    private const uint Deassert = 0x8500;
    private const uint Logical = 0x800;
    private const uint Self = 1u << 18;
    private const uint All = 2u << 18;
    private const uint Others = 3u << 18;

    private readonly SimulatedMachine _machine = new(new MachineOptions { Processors = 4 });

    private SimulatedLocalApic Apic => _machine.Bootstrap.Apic;

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Init_goes_out_to_a_processor_the_host_does_not_have()
    {
        Apic[SimulatedLocalApic.CommandHigh] = 0x5500_0000;
        Assert.False(Send(Init, SimulatedMachine.ApicId(2)));
        Assert.Equal(ApicCommand.Init(SimulatedMachine.ApicId(2)), Assert.Single(Apic.Commands));
        Assert.Equal(0x5500_0000u, Apic[SimulatedLocalApic.CommandHigh]);
        Assert.Equal([0u, 0u, 0x100u, 0u], Requests());
    }

    [Fact]
    public void Sipi_takes_that_processor_over_through_the_borrowed_page()
    {
        FillLowPage();
        byte[] before = LowPage();
        byte[] seen = [];
        Send(Init, SimulatedMachine.ApicId(2));
        Apic.Sent = command =>
        {
            seen = LowPage();
            Arrive(2);
        };
        Apic.Commands.Clear();
        Assert.False(Send(Startup | 0x9A, SimulatedMachine.ApicId(2)));
        Assert.Equal(ApicCommand.Startup(SimulatedMachine.ApicId(2), (byte)(SimulatedMachine.LowPage >> 12)), Assert.Single(Apic.Commands));
        Assert.Equal(new ReadOnlySpan<byte>((void*)_machine.Machine->TrampolineImage, 0x1000).ToArray(), seen);
        Assert.Equal(before, LowPage());
        Assert.Equal(0x9A00, _machine.VmcbOf(2)->Cs.Selector);
        Assert.Equal(0u, _machine.Machine->StartupLock);
        Assert.Equal(1u, _machine[2]->Startup.Starts);
    }

    [Fact]
    public void The_second_sipi_is_ignored()
    {
        Send(Init, SimulatedMachine.ApicId(1));
        Apic.Sent = _ => Arrive(1);
        Send(Startup | 0x9A, SimulatedMachine.ApicId(1));
        int commands = Apic.Commands.Count;
        Assert.False(Send(Startup | 0x9A, SimulatedMachine.ApicId(1)));
        Assert.False(Send(Startup | 0x11, SimulatedMachine.ApicId(1)));
        Assert.Equal(commands, Apic.Commands.Count);
        Assert.Equal([0u, 0u, 0u, 0u], Requests());
        Assert.Equal(1u, _machine[1]->Startup.Starts);
    }

    [Fact]
    public void Sipi_without_init_does_nothing()
    {
        _machine.TakeOver(1);
        Assert.False(Send(Startup | 0x9A, SimulatedMachine.ApicId(1)));
        Assert.False(Send(Startup | 0x9A, SimulatedMachine.ApicId(2)));
        Assert.Empty(Apic.Commands);
        Assert.Equal([0u, 0u, 0u, 0u], Requests());
    }

    [Fact]
    public void A_processor_the_host_has_is_told_by_a_kick()
    {
        _machine.TakeOver(1);
        Assert.False(Send(Init, SimulatedMachine.ApicId(1)));
        Assert.Equal(ApicCommand.Nmi(SimulatedMachine.ApicId(1)), Assert.Single(Apic.Commands));
        Assert.Equal(1u, _machine[1]->Startup.Kick);
        Assert.False(Send(Startup | 0x42, SimulatedMachine.ApicId(1)));
        Assert.Single(Apic.Commands);
        Assert.Equal(StartupRequest.Sipi(0x42).Value, _machine[1]->Startup.Request);

        _machine.Processors[1].NmiPending = true;
        _machine.Exit(SvmExitCode.Nmi, index: 1);
        Assert.Equal(0x4200, _machine.VmcbOf(1)->Cs.Selector);
        Assert.Equal([0u, 0u, 0u, 0u], Requests());
    }

    [Fact]
    public void Another_init_before_the_sipi_was_seen_waits_for_another_sipi()
    {
        _machine.TakeOver(1);
        Send(Init, SimulatedMachine.ApicId(1));
        Send(Startup | 0x42, SimulatedMachine.ApicId(1));
        Send(Init, SimulatedMachine.ApicId(1));
        Assert.Equal(StartupRequest.Init.Value, _machine[1]->Startup.Request);
        Assert.Single(Apic.Commands, command => command.IsNmi);
        Send(Startup | 0x43, SimulatedMachine.ApicId(1));
        _machine.Processors[1].NmiPending = true;
        _machine.Exit(SvmExitCode.Nmi, index: 1);
        Assert.Equal(0x4300, _machine.VmcbOf(1)->Cs.Selector);
    }

    [Theory]
    [InlineData(Others, new[] { 1, 2, 3 })]
    [InlineData(All, new[] { 0, 1, 2, 3 })]
    [InlineData(Self, new[] { 0 })]
    public void Shorthands_name_the_processors(uint shorthand, int[] expected)
    {
        Send(Init | shorthand, SimulatedMachine.ApicId(3));
        for (int i = 0; i < 4; i++)
        {
            Assert.Equal(expected.Contains(i) ? 0x100u : 0, _machine[i]->Startup.Request);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_broadcast_destination_reaches_everyone(bool x2Apic)
    {
        InterruptCommand command = x2Apic ? InterruptCommand.FromX2Apic(0xFFFF_FFFF_0000_4500) : InterruptCommand.FromXApic(Init, 0xFF00_0000);
        ProcessorStartup.Send(_machine.Data, command);
        Assert.Equal([0x100u, 0x100u, 0x100u, 0x100u], Requests());
    }

    [Fact]
    public void A_broadcast_starts_all_that_wait()
    {
        FillLowPage();
        byte[] before = LowPage();
        Send(Init | Others, 0);
        Apic.Sent = command => Arrive(Enumerable.Range(0, 4).First(i => SimulatedMachine.ApicId(i) == command.Destination));
        Send(Startup | Others | 0x21, 0);
        for (int i = 1; i < 4; i++)
        {
            Assert.Equal(0x2100, _machine.VmcbOf(i)->Cs.Selector);
        }

        Assert.Equal(before, LowPage());
        Assert.Equal([0u, 0u, 0u, 0u], Requests());
    }

    [Fact]
    public void Logical_destinations_are_resolved()
    {
        for (int i = 1; i < 4; i++)
        {
            _machine.TakeOver(i);
            _machine[i]->ApicWindow.LogicalDestination = 1u << (24 + i);
            _machine[i]->ApicWindow.DestinationFormat = 0xFFFF_FFFF;
        }

        Send(Init | Logical, 0b1010);
        Assert.Equal([0u, 0x100u, 0u, 0x100u], Requests());
    }

    [Fact]
    public void A_processor_that_nobody_knows_is_named_in_the_log()
    {
        Assert.False(Send(Init, 0x77));
        Assert.False(Send(Startup | 5, 0x77));
        Assert.Empty(Apic.Commands);
        Assert.Equal([0u, 0u, 0u, 0u], Requests());
        Assert.Contains("no processor answers", _machine.LogText(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_level_deassert_is_swallowed()
    {
        Assert.False(Send(Deassert, SimulatedMachine.ApicId(1)));
        Assert.False(Send(Deassert | All, 0));
        Assert.Empty(Apic.Commands);
        Assert.Equal([0u, 0u, 0u, 0u], Requests());
    }

    [Fact]
    public void Everything_else_goes_to_the_hardware()
    {
        foreach (uint mode in new uint[] { 0, 1, 2, 3, 4, 7 })
        {
            for (uint bits = 0; bits < 64; bits++)
            {
                uint low = (mode << 8) | 0x33 | ((bits & 1) << 11) | ((bits & 2) << 13) | ((bits & 4) << 13) | ((bits & 0x18) << 15);
                Assert.True(Send(low, SimulatedMachine.ApicId(1)));
            }
        }

        Assert.Empty(Apic.Commands);
        Assert.Equal([0u, 0u, 0u, 0u], Requests());
    }

    [Fact]
    public void A_processor_that_does_not_arrive_is_reported_and_the_page_put_back()
    {
        FillLowPage();
        byte[] before = LowPage();
        Send(Init, SimulatedMachine.ApicId(1));
        Apic.Commands.Clear();
        Send(Startup | 0x30, SimulatedMachine.ApicId(1));
        Assert.Equal(2, Apic.Commands.Count(command => command.IsStartup));
        Assert.Equal(before, LowPage());
        Assert.Equal(0u, _machine.Machine->StartupLock);
        Assert.Contains("did not arrive", _machine.LogText(), StringComparison.Ordinal);
        Assert.Equal(0u, _machine[1]->Startup.TakenOver);
    }

    [Fact]
    public void A_command_under_way_is_waited_for()
    {
        Apic.BusyPolls = 20;
        Send(Init, SimulatedMachine.ApicId(1));
        Assert.Equal(0, Apic.BusyPolls);
        Assert.Equal(20, _machine.Bootstrap.Pauses);
    }

    [Fact]
    public void X2apic_commands_carry_whole_ids()
    {
        using SimulatedMachine machine = new(new MachineOptions { X2Apic = true, RegionBase = 0x6000_0000 });
        machine.TakeOver(1);
        Assert.False(ProcessorStartup.Send(machine.Data, InterruptCommand.FromX2Apic(((ulong)SimulatedMachine.ApicId(1) << 32) | Init)));
        Assert.Equal(ApicCommand.Nmi(SimulatedMachine.ApicId(1)), Assert.Single(machine.Bootstrap.Apic.Commands));
        Assert.Empty(machine.Bootstrap.Apic.Writes);
        Assert.False(ProcessorStartup.Send(machine.Data, InterruptCommand.FromX2Apic(0x0000_0103_0000_4500)));
        Assert.Single(machine.Bootstrap.Apic.Commands);
    }

    private bool Send(uint low, uint destination)
    {
        Instructions.Processor = _machine.Bootstrap;
        return ProcessorStartup.Send(_machine.Data, InterruptCommand.FromXApic(low, destination << 24));
    }

    private uint[] Requests() => [.. Enumerable.Range(0, 4).Select(i => _machine[i]->Startup.Request)];

    /// <summary>What the start-up code does on the target.</summary>
    private void Arrive(int index)
    {
        Instructions.Processor = _machine.Processors[index];
        SvmStartup.Arrive(_machine[index]);
        Instructions.Processor = _machine.Bootstrap;
    }

    private void FillLowPage() => new Random(3).NextBytes(new Span<byte>(_machine.Guest(SimulatedMachine.LowPage), 0x1000));

    private byte[] LowPage() => new ReadOnlySpan<byte>(_machine.Guest(SimulatedMachine.LowPage), 0x1000).ToArray();
}
