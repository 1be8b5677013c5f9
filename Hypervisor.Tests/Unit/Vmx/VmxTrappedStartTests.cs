using System;
using System.Linq;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Vmx;

/// <summary>INIT and SIPI while the trap on interrupt commands is there: those with the host on them are told by it, the others are taken over.</summary>
public sealed unsafe class VmxTrappedStartTests : IDisposable
{
    private const uint Init = 0x4500;
    private const uint Startup = 0x4610;
    private const uint AllButSelf = 0xC_0000;
    private const uint InitRequest = 0x100;

    private IntelMachine _machine = new(new MachineOptions { Processors = 3 });

    public VmxTrappedStartTests()
    {
        _machine.Start(1);
    }

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Of_a_command_for_everybody_each_gets_what_it_needs()
    {
        Send(Init | AllButSelf, 0);
        Assert.Equal([ApicCommand.Nmi(SimulatedMachine.ApicId(1)), new ApicCommand(Init, SimulatedMachine.ApicId(2))], _machine.Bootstrap.Apic.Commands);
        Assert.Equal((InitRequest, InitRequest), (_machine[1]->Startup.Request, _machine[2]->Startup.Request));

        _machine.Bootstrap.Apic.Commands.Clear();
        _machine.Bootstrap.Apic.Sent = command =>
        {
            Assert.Equal((byte)(SimulatedMachine.LowPage >> 12), (byte)command.Low); // the host's own start-up code
            byte vector = new StartupRequest(_machine[2]->Startup.Request).Vector;
            _machine.Start(2, vector);
        };
        Send(Startup | AllButSelf, 0);
        Assert.All(_machine.Bootstrap.Apic.Commands, command => Assert.Equal(SimulatedMachine.ApicId(2), command.Destination));
        Assert.Equal(1u, _machine[2]->Startup.TakenOver);
        Assert.Equal(0x1000, _machine.Get(Core.Vmx.VmcsField16.GuestCsSelector, 2));
    }

    [Fact]
    public void A_sipi_that_nobody_waits_for_is_dropped()
    {
        Send(Startup, SimulatedMachine.ApicId(2));
        Assert.Empty(_machine.Bootstrap.Apic.Commands);
        Assert.Equal(0u, _machine[2]->Startup.TakenOver);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void For_a_processor_with_the_host_on_it_they_go_by_the_mailbox_and_a_kick(bool keep)
    {
        _machine.Dispose();
        _machine = new IntelMachine(new MachineOptions { Processors = 3, Host = new HostOptions { KeepApicTrap = keep } });
        _machine.Start(1);
        IntelGuestCode.EnterLongMode(_machine, 1);
        Send(Init, SimulatedMachine.ApicId(1));
        Assert.Equal(ApicCommand.Nmi(SimulatedMachine.ApicId(1)), Assert.Single(_machine.Bootstrap.Apic.Commands));
        Assert.Equal(InitRequest, _machine[1]->Startup.Request);
        Send(Startup, SimulatedMachine.ApicId(1));
        Assert.DoesNotContain(_machine.Bootstrap.Apic.Commands, command => command.IsInit || command.IsStartup);

        // The kick arrives.
        _machine.ExitByNmi(1);
        Assert.Equal(0x1000, _machine.Get(Core.Vmx.VmcsField16.GuestCsSelector, 1));
        Assert.Equal((0u, 0u, 0u), (_machine.InjectedBy(1), _machine[1]->Startup.Request, _machine[1]->Startup.Kick));
    }

    [Fact]
    public void An_arming_waits_for_all_that_run()
    {
        _machine.Start(2);
        Instructions.Processor = _machine.Bootstrap;
        _machine.Machine->ApicTrapWanted = 0;
        for (int i = 0; i < 3; i++)
        {
            ApicTrap.Set(_machine[i], armed: false);
        }

        _machine.Bootstrap.Paused = _ =>
        {
            foreach (int index in (int[])[1, 2])
            {
                if (_machine[index]->Startup.Kick != 0)
                {
                    _machine.ExitByNmi(index);
                }
            }

            Instructions.Processor = _machine.Bootstrap;
        };
        ApicTrap.ArmEverywhere(_machine.Data, startFollows: true);
        Assert.All(Enumerable.Range(0, 3), index => Assert.True(_machine[index]->ApicWindow.Armed));
        Assert.All(Enumerable.Range(1, 2), index => Assert.Equal(5u, _machine.Ept(SimulatedProcessor.ApicPage, index).Rights));
    }

    private bool Send(uint low, uint target)
    {
        Instructions.Processor = _machine.Bootstrap;
        return ProcessorStartup.Send(_machine.Data, InterruptCommand.FromXApic(low, target << 24));
    }
}
