using System;
using System.Collections.Generic;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Mediation;
using Hypervisor.Core.Traps;
using Hypervisor.Devices.Acpi;
using Hypervisor.Devices.LocalApic;
using Hypervisor.Devices.Smi;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Platform;

/// <summary>Without a policy the mediators of the platform change nothing: the same accesses reach the same ports, bare and behind them (M3).</summary>
public sealed unsafe class PlatformPassThroughTests
{
    private static readonly ushort[] _ports =
    [
        0x60, 0x64, 0xB0, 0xB1, FirmwareTables.SmiCommand, FirmwareTables.SmiCommand + 1, 0xB4, 0xCF8, 0xCF9, FirmwareTables.Pm1aControl - 4, FirmwareTables.Pm1aControl - 2,
        FirmwareTables.Pm1aControl, FirmwareTables.Pm1aControl + 1, FirmwareTables.Pm1bControl, FirmwareTables.Pm1bControl + 1,
    ];

    /// <summary>An access of the guest.</summary>
    /// <param name="Port">First port.</param>
    /// <param name="Size">Bytes.</param>
    /// <param name="IsWrite">OUT.</param>
    /// <param name="Value">What is written.</param>
    public sealed record Step(ushort Port, int Size, bool IsWrite, uint Value);

    [Fact]
    public void Ports_get_the_same_bytes_in_the_same_order_and_reads_return_the_same()
    {
        Config config = Config.QuickThrowOnFailure.WithMaxTest(Fuzz.Rounds(60)).WithReplay(20_261_121, 31);
        Prop.ForAll(Steps(), Compare).Check(config);
    }

    [Fact]
    public void Every_interrupt_command_passes()
    {
        LocalApicMediator lapic = new();
        using MediatedMachine machine = new(lapic);
        Random random = new(10);
        for (int i = 0; i < 10_000; i++)
        {
            Assert.True(InterruptCommandTraps.Pass(machine.Inner.Data, InterruptCommand.FromXApic((uint)random.Next(), (uint)random.Next())));
        }

        ulong sum = 0;
        for (int i = 0; i < 8; i++)
        {
            sum += lapic.Statistic(i, out _);
        }

        Assert.Equal(10_000ul, sum);
    }

    [Fact]
    public void With_smi_denied_only_commands_of_that_mode_are_refused()
    {
        LocalApicMediator lapic = new();
        Assert.True(lapic.SetOption("smi"u8, "deny"u8).IsTaken);
        using MediatedMachine machine = new(lapic);
        for (uint mode = 0; mode < 8; mode++)
        {
            InterruptCommand command = InterruptCommand.FromXApic((mode << 8) | 0x30, 1u << 24);
            Assert.Equal(command.DeliveryMode != InterruptDeliveryMode.SystemManagement, InterruptCommandTraps.Pass(machine.Inner.Data, command));
        }

        Assert.Contains("sends SMI", machine.Inner.LogText());
    }

    [Theory]
    [InlineData(FirmwareTables.AcpiEnable, true)]
    [InlineData(FirmwareTables.AcpiDisable, true)]
    [InlineData(0x77, true)]
    [InlineData(0x78, false)]
    [InlineData(0x00, false)]
    public void With_others_denied_the_command_port_takes_what_the_firmware_names_and_the_owner_allows(byte command, bool passes)
    {
        SmiMediator smi = new();
        Assert.True(smi.SetOption("others"u8, "deny"u8).IsTaken);
        Assert.True(smi.SetOption("allow"u8, "0x77"u8).IsTaken);
        using MediatedMachine machine = Machine(smi);
        List<(ushort Port, byte Value)> outputs = [];
        Access(machine, new Step(FirmwareTables.SmiCommand, 1, true, command), (port, value) => outputs.Add((port, value)), _ => 0);
        Assert.Equal(passes ? [(FirmwareTables.SmiCommand, command)] : [], outputs);

        uint value = command;
        bool isDone = PortTraps.Access(machine.Inner.Data, FirmwareTables.SmiCommand, 1, isWrite: true, ref value, isString: true);
        Assert.True(isDone, "what memory holds could change before the guest read it again");
        Assert.DoesNotContain(machine.Inner.Bootstrap.Outputs, output => output.Port == FirmwareTables.SmiCommand);
    }

    private static Arbitrary<Step[]> Steps() => ArbMap.Default.GeneratorFor<uint>().Four()
        .Select(t => new Step(_ports[t.Item1 % (uint)_ports.Length], 1 << (int)(t.Item2 % 3), t.Item3 % 2 == 0, Awake(t.Item4)))
        .ArrayOf(60).ToArbitrary();

    /// <summary>Values that neither put the model to sleep nor reset it: what becomes of those is told elsewhere.</summary>
    private static uint Awake(uint value) => value & ~0x3C00_3C00u & ~0x3C3C_3C3Cu & ~0x0606_0606u & 0x7F7F_7F7F;

    private static void Compare(Step[] steps)
    {
        List<(ushort Port, byte Value)> bare = [];
        List<(ushort Port, byte Value)> mediated = [];
        using MediatedMachine machine = Machine(new AcpiMediator(), new SmiMediator());
        machine.Inner.Bootstrap.Outputs.Clear();
        for (int i = 0; i < steps.Length; i++)
        {
            uint expected = Native(steps[i], (port, value) => bare.Add((port, value)), Register);
            uint actual = Access(machine, steps[i], (port, value) => mediated.Add((port, value)), Register);
            Assert.True(expected == actual, $"step {i}, {steps[i]}: {expected:X} bare, {actual:X} behind the mediators");
            Assert.Equal(bare, mediated);
        }

        Assert.All(Enumerable.Range(0, 2), i => Assert.Equal(MediatorState.Attached, machine.State(i)));
        Assert.True(steps.Length < 40 || Enumerable.Range(0, 2).All(i => machine.Record(i)->Calls[(int)MediatorDoor.Port] != 0), "nobody was asked");
    }

    private static byte Register(ushort port) => (byte)((port * 37) ^ (port >> 4));

    /// <summary>An access that the guest makes; what a mediator leaves to it, it makes itself.</summary>
    private static uint Access(MediatedMachine machine, Step step, Action<ushort, byte> write, Func<ushort, byte> read)
    {
        SimulatedProcessor processor = machine.Inner.Bootstrap;
        processor.Input = (port, size) => Native(new Step(port, size, false, 0), write, read);
        processor.Output = (port, size, value) => Native(new Step(port, size, true, value), write, read);
        Instructions.Processor = processor;
        uint result = step.Value;
        if (!PortTraps.Access(machine.Inner.Data, step.Port, step.Size, step.IsWrite, ref result))
        {
            return Native(step, write, read);
        }

        return step.IsWrite ? 0 : result & PortIo.Ones(step.Size);
    }

    private static uint Native(Step step, Action<ushort, byte> write, Func<ushort, byte> read)
    {
        uint value = 0;
        for (int i = 0; i < step.Size; i++)
        {
            ushort port = (ushort)(step.Port + i);
            if (step.IsWrite)
            {
                write(port, (byte)(step.Value >> (i * 8)));
            }
            else
            {
                value |= (uint)read(port) << (i * 8);
            }
        }

        return value;
    }

    private static MediatedMachine Machine(params Mediator[] mediators)
    {
        byte[] tables = FirmwareTables.Build();
        MachineOptions options = new()
        {
            AcpiRootPointer = FirmwareTables.Address,
            Fill = inner => tables.CopyTo(new Span<byte>(inner.Guest(FirmwareTables.Address), tables.Length)),
        };
        return new MediatedMachine(options, mediators);
    }
}
