using System;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using Hypervisor.Core.Mediation;
using Hypervisor.Devices.Pci;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Pci;

/// <summary>Without a policy nothing changes: the same accesses to the same machine, bare and behind the mediator (M3).</summary>
public sealed class PciPassThroughTests
{
    private const int Rounds = 40;

    /// <summary>An access of the guest.</summary>
    /// <param name="Kind">0 selects an address, 1 and 2 are the data port, 3 other ports, 4 to 6 the window.</param>
    /// <param name="IsWrite">Whether it writes.</param>
    /// <param name="Target">Which function.</param>
    /// <param name="Offset">Where.</param>
    /// <param name="Width">log2 of its bytes.</param>
    /// <param name="Value">What is written.</param>
    /// <param name="Processor">On which processor.</param>
    public sealed record Step(int Kind, bool IsWrite, int Target, int Offset, int Width, uint Value, int Processor);

    private static readonly (int Bus, int DeviceFunction)[] _targets =
    [
        (0, 0), (0, 0x08), (0, 0x10), (0, 0xF8), (0, 0xFA), (0, 0xFB), (1, 0), (2, 0), (5, 0), (0, 0x50), (0, 0xFF), (255, 0xFF),
    ];

    private static readonly int[] _offsets =
    [
        0, 2, 4, 6, 8, 0xE, 0x10, 0x11, 0x14, 0x18, 0x19, 0x1A, 0x20, 0x24, 0x28, 0x30, 0x34, 0x38, 0x3C, 0x3E, 0x40, 0x44, 0x48, 0x50, 0x60, 0x64, 0xF0, 0xFE, 0x100, 0xFFC, 0xFFF,
    ];

    private static readonly uint[] _values =
    [
        0, 1, 2, 3, 6, 7, 0x40, 0x100, 0x8000, 0xFFFF, 0xFFFF_FFFF, 0xFFFF_F800, 0xFEB0_0000, 0xE000_0000, 0x0002_0200, 0x0005_0500, 0x0001_0100, 0xC000_0001, 0xB000_0003, 0xD001,
    ];

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void Every_read_and_every_register_is_as_without_it(bool isOwned, bool withoutWindow)
    {
        Config config = Config.QuickThrowOnFailure.WithMaxTest(Fuzz.Rounds(Rounds)).WithReplay(20_261_121, 77);
        Prop.ForAll(Steps(), steps => Compare(steps, isOwned, withoutWindow)).Check(config);
    }

    [Fact]
    public void The_address_port_reads_what_the_hardware_keeps_of_it()
    {
        using PciMachine machine = new(Buses(window: true));
        machine.Out(0xCF8, 4, 0xFFFF_FFFF);
        Assert.Equal(0x80FF_FFFCu, machine.In(0xCF8, 4));
    }

    [Fact]
    public void The_address_port_is_not_written_before_the_data_port_is_used()
    {
        using PciMachine machine = new(Buses(window: true));
        machine.Inner.Bootstrap.Outputs.Clear();
        machine.Out(0xCF8, 4, PciMachine.Select(0, 1, 0, 4));
        Assert.Empty(machine.Inner.Bootstrap.Outputs);
        machine.In(0xCFC, 4);
        machine.In(0xCFC, 4);
        Assert.Single(machine.Inner.Bootstrap.Outputs);
    }

    [Fact]
    public void Narrow_accesses_of_the_address_port_are_others()
    {
        RecordingMediator reset = new("reset") { Claims = host => host.ClaimPorts(0xCF9, 0xCF9, wholeOnly: true) };
        using PciMachine machine = new(Buses(window: true), null, _ => reset);
        machine.Out(0xCF8, 4, PciMachine.Select(0, 1, 0, 0));
        machine.Out(0xCF9, 1, 0x02);
        Assert.Equal(0x02u, machine.In(0xCF9, 1));
        Assert.Equal(2, reset.Ports.Count);
        Assert.Equal(PciMachine.Select(0, 1, 0, 0), machine.In(0xCF8, 4));
        machine.Out(0xCF8, 2, 0x1234);
        machine.Out(0xCFA, 1, 0x12);
        Assert.Equal(PciMachine.Select(0, 1, 0, 0), machine.In(0xCF8, 4));
        Assert.Equal(2, reset.Ports.Count);
    }

    [Fact]
    public void A_known_function_without_a_mediator_costs_one_cycle()
    {
        using PciMachine machine = new(Buses(window: true));
        machine.ConfigRead(0, 1, 0, 0);
        int before = machine.Bus.Cycles;
        machine.ConfigRead(0, 1, 0, 0x10);
        machine.ConfigWrite(0, 1, 0, 0x3C, 5, 1);
        machine.Read(machine.Bus.Window(0, 8, 0x40), 4);
        Assert.Equal(before + 3, machine.Bus.Cycles);
    }

    [Fact]
    public void Nothing_is_looked_for_without_a_policy_or_a_mediator_of_functions()
    {
        PciBusModel bus = Buses(window: true);
        using PciMachine machine = new(bus);
        Assert.True(bus.Cycles < 8, $"{bus.Cycles} cycles");
    }

    [Fact]
    public void The_hardware_knows_the_address_when_the_mediator_leaves_or_fails()
    {
        using PciMachine machine = new(Buses(window: true));
        machine.Out(0xCF8, 4, PciMachine.Select(0, 1, 0, 8));
        machine.LifeStep(() => Detach(machine));
        Assert.Equal(PciMachine.Select(0, 1, 0, 8), machine.Bus.Address);
    }

    [Fact]
    public void More_functions_than_there_is_room_for_pass_and_are_mentioned_once()
    {
        PciBusModel bus = new PciBusModel().AddQ35();
        for (int i = 8; i < 600; i++)
        {
            bus.Add(i >> 3 & 31, i & 7, new PciFunctionModel(0x1234, (ushort)i, 0xFF_0000, isMultiFunction: true), bus: i >> 8);
        }

        using PciMachine machine = new(bus, null, pci => new PciOwner(pci, PciMatch.Device(0x1234, 599)));
        for (int i = 8; i < 600; i++)
        {
            Assert.Equal((uint)((i << 16) | 0x1234), machine.ConfigRead(i >> 8, i >> 3 & 31, i & 7, 0));
            machine.ConfigWrite(i >> 8, i >> 3 & 31, i & 7, 0x3C, (uint)i, 1);
            Assert.Equal((byte)i, machine.ConfigRead(i >> 8, i >> 3 & 31, i & 7, 0x3C, 1));
        }

        Assert.Equal(2, machine.Inner.LogText().Split("pass untracked").Length);
        Assert.Equal(MediatorState.Attached, machine.State());
    }

    private static unsafe void Detach(PciMachine machine) => MediatorLife.Detach(machine.Inner.Data, 0);

    private static Arbitrary<Step[]> Steps()
    {
        Gen<Step> step =
            from kind in Gen.Choose(0, 6)
            from write in Gen.Elements(true, false)
            from target in Gen.Choose(0, _targets.Length - 1)
            from offset in Gen.Elements(_offsets)
            from jitter in Gen.Frequency((6, Gen.Constant(0)), (1, Gen.Choose(0, 3)))
            from width in Gen.Elements(0, 1, 2, 2, 2, 3)
            from value in Gen.Frequency((5, Gen.Elements(_values)), (1, Gen.Choose(int.MinValue, int.MaxValue).Select(v => (uint)v)))
            from processor in Gen.Choose(0, 1)
            select new Step(kind, write, target, Math.Min(offset + jitter, 0xFFF), width, value, processor);
        return step.ArrayOf().ToArbitrary();
    }

    /// <summary>The machine both sides have.</summary>
    private static PciBusModel Buses(bool window) => new PciBusModel { Address = 0x8000_F804 }.AddQ35(window ? PciBusModel.DefaultWindow : 0)
        .Add(1, 0, new PciFunctionModel(0x1234, 0x1111, 0x03_0000).MemoryBar(0, 0x100_0000, 0xC000_0000, prefetch: true).MemoryBar(2, 0x1000, 0xFEB0_0000).Rom(0x1_0000).Command(7))
        .Add(2, 0, new PciFunctionModel(0x8086, 0x10D3, 0x02_0000).MemoryBar(0, 0x2_0000, 0xFEA0_0000).IoBar(2, 0x20, 0xC000).PowerManagement().Express().Command(7))
        .Add(3, 0, new PciFunctionModel(0x1B36, 0x000C, 0x06_0400).AsBridge(
            1, 3, (0, new PciFunctionModel(0x1B36, 0x0010, 0x01_0802).MemoryBar(0, 0x4000, 0xFE80_0000, is64: true).Express().Command(6)),
            (1, new PciFunctionModel(0x1B36, 0x0001, 0x06_0400).AsBridge(2, 3, (0, new PciFunctionModel(0x8086, 0x1533, 0x02_0000).MemoryBar(0, 0x1000))).Command(7))).Window(0xFE80_FE80).Command(7))
        .Add(31, 0, new PciFunctionModel(0x8086, 0x2918, 0x06_0100, isMultiFunction: true))
        .Add(31, 2, new PciFunctionModel(0x8086, 0x2922, 0x01_0601, isMultiFunction: true).IoBar(4, 0x20, 0xC040).MemoryBar(5, 0x1000, 0xFEBF_0000).Command(7))
        .Add(31, 3, new PciFunctionModel(0x8086, 0x2930, 0x0C_0500, isMultiFunction: true).IoBar(4, 0x40, 0x700).Command(3));

    private static void Compare(Step[] steps, bool isOwned, bool withoutWindow)
    {
        PciBusModel bare = Buses(!withoutWindow);
        PciBusModel mediated = Buses(!withoutWindow);
        Func<PciMediator, Mediator>[] owners = isOwned
            ? [pci => new PciOwner(pci, PciMatch.Class(0x0106)) { Bars = [4, 5] }, pci => new PciOwner(pci, PciMatch.Class(0x0200)) { Bars = [0, 2] },
                pci => new PciOwner(pci, PciMatch.Class(0x0108)) { Bars = [0] }, pci => new PciOwner(pci, PciMatch.Class(0x0604)), pci => new PciOwner(pci, PciMatch.Class(0x0300)) { Bars = [0, 2, 6] }]
            : [];
        using PciMachine machine = new(mediated, new PciMachineOptions { Processors = 2, Mcfg = withoutWindow ? null : new PciMachineOptions().Mcfg }, owners);
        Array.ForEach([.. bare.All, .. mediated.All], f => f.Writes.Clear());
        for (int i = 0; i < steps.Length; i++)
        {
            ulong window = WindowAddress(steps[i], bare); // the step itself may move it
            ulong expected = Execute(
                steps[i], window, (p, s, _) => bare.In(p, s), (p, s, v, _) => bare.Out(p, s, v), (a, s, _) => bare.ReadMemory(a, s) ?? 0, (a, s, v, _) => bare.WriteMemory(a, s, v));
            ulong actual = Execute(steps[i], window, machine.In, machine.Out, machine.Read, machine.Write);
            Assert.True(expected == actual, $"step {i}, {steps[i]}: {expected:X} bare, {actual:X} behind the mediator");
        }

        Assert.Equal(bare.In(0xCF8, 4), machine.In(0xCF8, 4));
        Assert.Equal(bare.State(), mediated.State());
        Assert.All(Enumerable.Range(0, owners.Length + 1), i => Assert.Equal(MediatorState.Attached, machine.State(i)));
        Assert.DoesNotContain("failed", machine.Inner.LogText());
        machine.LifeStep(() => Detach(machine));
        Assert.Equal(bare.State(), mediated.State());
    }

    /// <summary>Where a step reaches into the window; 0 where it would reach out of it.</summary>
    private static ulong WindowAddress(Step step, PciBusModel bus)
    {
        (int number, int deviceFunction) = _targets[step.Target];
        ulong address = bus.Window(number, deviceFunction, step.Offset);
        return bus.ReadMemory(address, 1) is null || bus.ReadMemory(address + (1ul << step.Width) - 1, 1) is null ? 0 : address;
    }

    /// <summary>Makes an access.</summary>
    private static ulong Execute(
        Step step, ulong address, Func<ushort, int, int, uint> input, Action<ushort, int, uint, int> output, Func<ulong, int, int, ulong> read,
        Action<ulong, int, ulong, int> write)
    {
        (int number, int deviceFunction) = _targets[step.Target];
        int portWidth = 1 << Math.Min(step.Width, 2);
        switch (step.Kind)
        {
            case 0 when step.IsWrite || step.Offset % 3 != 0:
                uint select = PciMachine.Select(number, deviceFunction >> 3, deviceFunction & 7, step.Offset);
                output(0xCF8, 4, step.Value == 1 ? select & 0x7FFF_FFFF : step.Value == 0x8000 ? select | 0x0100_0002 : select, step.Processor);
                return 0;
            case 0:
                return input(0xCF8, 4, step.Processor);
            case 1 or 2 or 3:
                ushort port = (ushort)(step.Kind == 3 ? 0xCF5 + (int)(step.Value % 14) : 0xCFC + (step.Offset & 3));
                if (port is > 0xCFC and < 0xD00 && step.Kind != 3)
                {
                    portWidth = Math.Min(portWidth, 4 - (port & 3) == 3 ? 1 : 2);
                }

                if (step.IsWrite)
                {
                    output(port, portWidth, step.Value, step.Processor);
                    return 0;
                }

                return Ones(portWidth) & input(port, portWidth, step.Processor);
            default:
                int width = 1 << step.Width;
                if (address == 0)
                {
                    return 0;
                }

                if (step.IsWrite)
                {
                    write(address, width, step.Value | ((ulong)step.Value << 32), step.Processor);
                    return 0;
                }

                return read(address, width, step.Processor) & (width == 8 ? ulong.MaxValue : (1ul << (width * 8)) - 1);
        }
    }

    private static uint Ones(int size) => uint.MaxValue >> ((4 - size) * 8);
}
