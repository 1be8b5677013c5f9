using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Mediation;
using Hypervisor.Devices.Pci;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Pci;

/// <summary>
/// Processors race for the ports (M41). The guest serialises its own use of them, as every operating system does; what the host does in between, on whichever processor and
/// for whichever mediator, it must not notice.
/// </summary>
public sealed class PciRaceTests
{
    private const int SwitchOneIn = 3;
    private const int Accesses = 40;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_guests_address_survives_whatever_the_host_does_on_other_processors(bool hasWindow)
    {
        for (int seed = 0; seed < Fuzz.Rounds(25); seed++)
        {
            Run(seed, hasWindow);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_hidden_function_is_not_reached_by_another_processor_that_changes_the_address_between_judgement_and_access(bool isNarrow)
    {
        for (int seed = 0; seed < Fuzz.Rounds(60); seed++)
        {
            RunHidden(seed, isNarrow);
        }
    }

    /// <summary>One processor asks for a function that may be seen, the other one writes the address of one that may not.</summary>
    private static void RunHidden(int seed, bool isNarrow)
    {
        PciBusModel bus = new PciBusModel().AddQ35(0)
            .Add(1, 0, new PciFunctionModel(0x1234, 0x1111, 0xFF_0000).MemoryBar(0, 0x1000, 0xFEA0_0000).Command(2))
            .Add(2, 0, new PciFunctionModel(0x1234, 0x2222, 0xFF_0000));
        using PciMachine machine = new(bus, new PciMachineOptions { Processors = 2, Mcfg = null, Settings = [("hide", "1234:2222")] });
        PciFunctionModel hidden = bus.Find(0, 0, 0x10)!;
        hidden.Writes.Clear();
        DeterministicScheduler scheduler = new(seed, SwitchOneIn) { Switched = index => Instructions.Processor = machine.Inner.Processors[index] };
        Array.ForEach(machine.Inner.Processors, p => p.Boundary = scheduler.Yield);
        int running = 2;
        int seen = 0;
        scheduler.Add(() =>
        {
            for (int i = 0; i < Accesses; i++)
            {
                uint identity = machine.ConfigRead(0, 1, 0, 0);
                Assert.True(identity is 0x1111_1234 or uint.MaxValue, $"{identity:X8}");
                seen += identity == 0x1111_1234 ? 1 : 0;
                machine.ConfigWrite(0, 1, 0, 4, 2, size: 2); // the tracker looks at it
                machine.ConfigWrite(0, 1, 0, 0xF0, (uint)i); // nobody does
            }

            Finish(scheduler, ref running);
        });
        scheduler.Add(() =>
        {
            for (int i = 0; i < Accesses; i++)
            {
                machine.Out(0xCF8, 4, PciMachine.Select(0, 2, 0, (i & 1) * 0xF0), processor: 1);
                if (isNarrow)
                {
                    machine.Out(0xCF8, 2, (uint)i, processor: 1);
                }
            }

            Finish(scheduler, ref running);
        });
        scheduler.Run();
        Assert.Empty(hidden.Writes);
        Assert.NotEqual(0, seen);
        Assert.Equal(MediatorState.Attached, machine.State(0));
        Assert.DoesNotContain("failed", machine.Inner.LogText());
    }

    private static void Run(int seed, bool hasWindow)
    {
        PciOwner? owner = null;
        PciBusModel bus = new PciBusModel().AddQ35(hasWindow ? PciBusModel.DefaultWindow : 0)
            .Add(1, 0, new PciFunctionModel(0x1234, 0x1111, 0xFF_0000))
            .Add(2, 0, new PciFunctionModel(0x1234, 0x2222, 0xFF_0000).MemoryBar(0, 0x1000, 0xFEA0_0000).Command(2))
            .Add(3, 0, new PciFunctionModel(0x1234, 0x3333, 0xFF_0000));
        using PciMachine machine = new(
            bus, new PciMachineOptions { Processors = 2, Mcfg = hasWindow ? new PciMachineOptions().Mcfg : null },
            pci => owner = new PciOwner(pci, PciMatch.Device(0x1234, 0x2222)) { Bars = [0] });
        owner!.Access = request =>
        {
            uint value = owner.Pci.Configuration.Read(owner.Host!, new PciAddress(0, 0, 3, 0), 0, 4);
            owner.Pci.Configuration.Write(owner.Host!, new PciAddress(0, 0, 3, 0), 0xF0, 4, (uint)request.Offset);
            return (Verdict.Done, value);
        };
        owner.Configuration = request =>
        {
            _ = owner.Pci.Configuration.Read(owner.Host!, new PciAddress(0, 0, 3, 0), 0, 2);
            return (Verdict.Pass, request.Value);
        };
        DeterministicScheduler scheduler = new(seed, SwitchOneIn) { Switched = index => Instructions.Processor = machine.Inner.Processors[index] };
        Array.ForEach(machine.Inner.Processors, p => p.Boundary = scheduler.Yield);
        int running = 2;
        scheduler.Add(() =>
        {
            for (int i = 0; i < Accesses; i++)
            {
                int device = 1 + (i & 1);
                Assert.Equal(device == 1 ? 0x1111_1234u : 0x2222_1234u, machine.ConfigRead(0, device, 0, 0));
                Assert.Equal(PciMachine.Select(0, device, 0, 0), machine.In(0xCF8, 4));
                machine.ConfigWrite(0, device, 0, 0xF0, (uint)i);
                Assert.Equal((uint)i, machine.ConfigRead(0, device, 0, 0xF0));
            }

            Finish(scheduler, ref running);
        });
        scheduler.Add(() =>
        {
            for (int i = 0; i < Accesses; i++)
            {
                Assert.Equal(0x3333_1234u, (uint)machine.Read(0xFEA0_0000 + (uint)(i * 4), 4, processor: 1));
                if (hasWindow)
                {
                    Assert.Equal(0x3333_1234u, (uint)machine.Read(bus.Window(0, 0x18, 0), 4, processor: 1));
                }
            }

            Finish(scheduler, ref running);
        });
        scheduler.Run();
        Assert.All(new[] { 0, 1 }, i => Assert.Equal(MediatorState.Attached, machine.State(i)));
        Assert.Equal((uint)(Accesses - 1), bus.Find(0, 0, 0x10)!.Get(0xF0, 4));
        Assert.Equal((uint)((Accesses - 1) * 4), bus.Find(0, 0, 0x18)!.Get(0xF0, 4));
        Assert.DoesNotContain("failed", machine.Inner.LogText());
    }

    private static void Finish(DeterministicScheduler scheduler, ref int running)
    {
        if (--running == 0)
        {
            scheduler.End();
        }

        while (true)
        {
            scheduler.Yield();
        }
    }
}
