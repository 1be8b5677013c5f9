using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Host;
using Hypervisor.Core.Mediation;
using Hypervisor.Core.Traps;
using Hypervisor.Devices.Acpi;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Acpi;

/// <summary>The acpi mediator on a simulated machine: what it claims, what it tells, what it refuses (M20 to M26).</summary>
public sealed unsafe class AcpiMediatorTests : IDisposable
{
    private const ulong Tables = 0x4000_0000;
    private const ulong Facs = 0x4100_0000;
    private const ulong OtherFacs = 0x4100_1000;
    private const ushort Pm1a = 0x404;
    private const ushort Pm1b = 0x504;
    private const ulong SleepControl = 0xFED8_0010;

    /// <summary>S1 = 1, S3 = 5/4 under a condition, S4 = 6, S5 = 7, and a serial port at 3F8.</summary>
    private static readonly byte[] s_code =
    [
        0x08, .. "_S1_"u8, 0x12, 6, 2, 0x0A, 1, 0x0A, 1, 0xA0, 14, 0x01, 0x08, .. "_S3_"u8, 0x12, 6, 2, 0x0A, 5, 0x0A, 4,
        0x08, .. "_S4_"u8, 0x12, 6, 2, 0x0A, 6, 0x0A, 6, 0x08, .. "_S5_"u8, 0x12, 6, 2, 0x0A, 7, 0x0A, 7,
        0x5B, 0x82, 24, .. "COM1"u8, 0x08, .. "_HID"u8, 0x0C, 0x41, 0xD0, 5, 1, 0x14, 8, .. "_DIS"u8, 0, 0x70, 0x60,
    ];

    private readonly RecordingMediator _other = new("other");
    private readonly AcpiMediator _acpi = new();
    private MediatedMachine? _machine;

    private SimulatedProcessor Hardware => _machine!.Inner.Bootstrap;

    public void Dispose() => _machine?.Dispose();

    [Theory]
    [InlineData(Pm1a, 2, 0x3C01u, SleepState.S5)]
    [InlineData(Pm1a, 4, 0x3801u, SleepState.S4)]
    [InlineData(Pm1a + 1, 1, 0x3Cu, SleepState.S5)]
    [InlineData(Pm1a - 2, 4, 0x3C01_0000u, SleepState.S5)]
    [InlineData(Pm1a - 1, 4, 0x003C_0100u, SleepState.S5)]
    [InlineData(Pm1b, 2, 0x3C01u, SleepState.S5)]
    [InlineData(Pm1a, 2, 0x2401u, SleepState.S1)]
    [InlineData(0xCF9, 1, 0x06u, SleepState.Reset)]
    [InlineData(0xCF9, 1, 0x0Eu, SleepState.Reset)]
    [InlineData(0x64, 1, 0xFEu, SleepState.Reset)]
    [InlineData(0x92F, 1, 0x5Au, SleepState.Reset)] // the FADT's reset register
    public void Others_are_told_before_the_machine_sleeps_goes_off_or_is_reset(int port, int size, uint value, SleepState state)
    {
        Start(resetPort: 0x92F);
        List<string> order = [];
        Hardware.Paused = _ => throw new SimulationEndedException();
        if (state == SleepState.S1)
        {
            Write((ushort)port, size, value);
        }
        else
        {
            Assert.Throws<SimulationEndedException>(() => Write((ushort)port, size, value));
        }

        Assert.Equal($"Sleep {state}", _other.Life[2]);
        Assert.Equal(state == SleepState.S1, _other.Life.Contains("Resume"));
        Assert.Equal(value, Written(port, size, Hardware.Outputs));
    }

    [Theory]
    [InlineData(Pm1a, 2, 0x1C01u)] // the type, without entering
    [InlineData(Pm1a, 1, 0x01u)]
    [InlineData(0xCF9, 1, 0x02u)]
    [InlineData(0xCF8, 4, 0x8000_0604u)] // the address of a configuration register
    [InlineData(0x64, 1, 0xD1u)]
    [InlineData(0x64, 1, 0xFFu)]
    [InlineData(0x92F, 1, 0x5Bu)]
    public void Everything_else_passes_without_a_word(int port, int size, uint value)
    {
        Start(resetPort: 0x92F);
        Write((ushort)port, size, value);
        Assert.Equal(["Probe", "Attach"], _other.Life);
        Assert.Equal([((ushort)port, size, value)], Hardware.Outputs.Where(output => output.Port == port));
    }

    [Fact]
    public void A_machine_that_stays_awake_says_so()
    {
        Start();
        Write(Pm1a, 2, 0x3C01);
        Assert.Equal(["Probe", "Attach", "Sleep S5", "Resume"], _other.Life);
    }

    [Fact]
    public void A_reset_register_at_the_SMI_command_port_is_left_to_the_guest()
    {
        Start(resetPort: 0xB2);
        Assert.False(IoPermissionMap.Exits(_machine!.Inner.Machine->IoPermissionMap, 0xB2));
    }

    [Fact]
    public void S3_leads_the_firmware_to_the_host_and_afterwards_the_vectors_are_the_guests_again()
    {
        Start();
        PutVector(Facs, 0x9A100, 0);
        PutVector(OtherFacs, 0x1234, 0);
        uint[] seen = [];
        Hardware.Paused = count => seen = seen.Length != 0 ? seen : [Vector(Facs), Vector(OtherFacs), .. _other.Life.Count == 3 ? [1u] : new uint[1]];
        Write(Pm1a, 2, 0x3401);
        Assert.Equal([(uint)SimulatedMachine.LowPage, (uint)SimulatedMachine.LowPage, 1u], seen);
        Assert.Equal((0x9A100u, 0x1234u), (Vector(Facs), Vector(OtherFacs)));
        Assert.Equal(["Probe", "Attach", "Sleep S3", "Resume"], _other.Life);
        Assert.Equal((0x9A10, 0x9A100ul, 0ul), (_machine!.Inner.Machine->Sleep.WakingPoint.Selector, _machine.Inner.Machine->Sleep.WakingPoint.SegmentBase, _machine.Inner.Machine->Sleep.WakingPoint.Rip));
    }

    /// <summary>Waking is a reset: every processor loads its task register again, and LTR refuses a busy descriptor.</summary>
    [Fact]
    public void Before_S3_no_task_state_of_the_host_is_busy()
    {
        const ulong busy = 2UL << 40;
        Start();
        ProcessorData* processor = _machine!.Inner.Data;
        ulong available = processor->Gdt[HostSelectors.TaskState / sizeof(ulong)];
        processor->Gdt[HostSelectors.TaskState / sizeof(ulong)] = available | busy;
        PutVector(Facs, 0x9A100, 0);
        ulong seen = 0;
        Hardware.Paused = count => seen = count == 1 ? processor->Gdt[HostSelectors.TaskState / sizeof(ulong)] : seen;
        Write(Pm1a, 2, 0x3401);
        Assert.Equal(available & ~busy, seen);
    }

    [Fact]
    public void An_extended_vector_is_honoured_and_cleared_meanwhile()
    {
        Start();
        PutVector(Facs, 0x9A100, 0x0123_4560);
        (uint, ulong) seen = default;
        Hardware.Paused = count => seen = count == 1 ? (Vector(Facs), ExtendedVector(Facs)) : seen;
        Write(Pm1a, 2, 0x3401);
        Assert.Equal(((uint)SimulatedMachine.LowPage, 0ul), seen);
        Assert.Equal((0x9A100u, 0x0123_4560ul), (Vector(Facs), ExtendedVector(Facs)));
        Assert.True(_machine!.Inner.Machine->Sleep.WakingPoint is { IsProtected: true, Rip: 0x0123_4560 });
    }

    [Theory]
    [InlineData(0x10_0000u, 0ul, 0)] // real mode does not reach it
    [InlineData(0x9A000u, 0x1_0000_0000ul, 0)]
    [InlineData(0x9A000u, 0x1000_0000ul, 1)] // 64-bit mode is wanted
    public void Where_the_host_could_not_let_the_guest_go_on_S3_is_refused(uint vector, ulong extended, byte wants64)
    {
        Start();
        PutVector(Facs, vector, extended, wants64);
        Write(Pm1a, 2, 0x3401);
        Assert.DoesNotContain("Sleep S3", _other.Life);
        Assert.DoesNotContain(Hardware.Outputs, output => output.Port == Pm1a);
        Assert.Equal((vector, extended), (Vector(Facs), ExtendedVector(Facs)));
    }

    [Theory]
    [InlineData(Pm1a, 2, 0x3401u, true)]
    [InlineData(Pm1a + 1, 1, 0x34u, true)]
    [InlineData(Pm1b, 2, 0x3001u, true)]
    [InlineData(Pm1a, 2, 0x2801u, true)] // a type that no table names: the chipset may know it
    [InlineData(Pm1a, 2, 0x1401u, false)]
    [InlineData(Pm1a, 2, 0x2401u, false)]
    [InlineData(Pm1a, 2, 0x3801u, false)]
    [InlineData(Pm1a, 2, 0x3C01u, false)]
    public void Where_sleep_is_denied_only_what_keeps_the_host_passes(int port, int size, uint value, bool isRefused)
    {
        Start(options: ("sleep", "deny"));
        PutVector(Facs, 0x9A000, 0);
        Write((ushort)port, size, value);
        Assert.Equal(isRefused, !Hardware.Outputs.Any(output => output.Port == port));
        Assert.Equal(isRefused ? 1u : 0u, _machine!.Record()->Denied);
        Assert.Equal(isRefused ? 1ul : 0ul, _acpi.Statistic(1, out _));
    }

    [Fact]
    public void Where_sleep_is_denied_the_tables_do_not_name_it_before_and_after_boot_services()
    {
        Start(options: ("sleep", "deny"));
        Assert.Equal("1,1 - - 6,6 7,7", States());
        Assert.True(AcpiTables.HasGoodChecksum(Dsdt()));

        // The firmware puts the table back at the last moment.
        FakeTableMemory.Table("DSDT", s_code).CopyTo(Dsdt());
        Assert.Equal("1,1 - if 5,4 6,6 7,7", States());
        MediatorLife.ExitBootServices(_machine!.Inner.Data);
        Assert.Equal("1,1 - - 6,6 7,7", States());

        // What the type was is remembered.
        Write(Pm1a, 2, 0x3401);
        Assert.DoesNotContain(Hardware.Outputs, output => output.Port == Pm1a);
    }

    [Fact]
    public void The_hosts_serial_port_cannot_be_switched_off()
    {
        Start(serial: 0x3F8);
        Assert.Equal(new byte[] { 0xA3, 0xA3 }, Dsdt()[^2..].ToArray());
        Assert.True(AcpiTables.HasGoodChecksum(Dsdt()));
        Assert.Equal("1,1 - if 5,4 6,6 7,7", States());
    }

    [Fact]
    public void Without_a_policy_nothing_in_memory_changes()
    {
        Start();
        Assert.Equal(FakeTableMemory.Table("DSDT", s_code), Dsdt().ToArray());
        Assert.False(Finder().Find("DMAR"u8).IsEmpty);
    }

    [Fact]
    public void The_tables_of_the_IOMMU_are_hidden_where_told()
    {
        Start(options: ("iommu", "hide"));
        Assert.True(Finder().Find("DMAR"u8).IsEmpty);
        Assert.False(Finder().Find("APIC"u8).IsEmpty);
    }

    [Theory]
    [InlineData(0x34ul, true)]
    [InlineData(0x14ul, false)]
    public void The_sleep_control_register_of_a_hardware_reduced_machine_is_seen_in_memory(ulong value, bool isRefused)
    {
        Start(isReduced: true, options: ("sleep", "deny"));
        MemoryRequest request = new() { Tag = (uint)SleepRegister.SleepControl, Address = SleepControl, Size = 1, IsWrite = true, Value = value };
        Assert.Equal(isRefused ? Verdict.Deny : Verdict.Pass, _acpi.OnMemory(ref request));
        Assert.True(_machine!.Inner.Machine->Traps->Memory.Find(SleepControl) != null);
    }

    [Theory]
    [InlineData("sleep", "maybe", "allow or deny")]
    [InlineData("iommu", "", "show or hide")]
    [InlineData("snooze", "deny", "sleep, iommu")]
    public void A_wrong_option_says_what_is_accepted(string key, string value, string accepted)
    {
        OptionResult result = _acpi.SetOption(Encoding.ASCII.GetBytes(key), Encoding.ASCII.GetBytes(value));
        Assert.False(result.IsTaken);
        Assert.Equal(accepted, Encoding.ASCII.GetString(result.Accepted));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Without_tables_there_is_nothing_to_do(bool hasRootPointer)
    {
        MachineOptions options = new() { AcpiRootPointer = hasRootPointer ? Tables : 0 };
        _machine = new MediatedMachine(options, _acpi, _other);
        Assert.Equal(MediatorState.Absent, _machine.State());
    }

    [Fact]
    public void Without_memory_to_work_in_it_still_stands_at_the_registers()
    {
        Start(scratch: 0, options: ("sleep", "deny"));
        Assert.Equal(MediatorState.Attached, _machine!.State());
        Write(Pm1a, 2, 0x3C01); // nothing is known: nothing can be refused
        Assert.Contains(Hardware.Outputs, output => output.Port == Pm1a);
    }

    /// <summary>Random accesses that put nothing to sleep reach a device as they would without the mediator: every read and every write, in order.</summary>
    [Fact]
    public void It_changes_nothing_about_accesses()
    {
        Random random = new(20);
        ushort[] ports = [Pm1a, Pm1a + 1, Pm1a - 1, Pm1a - 2, Pm1a + 2, Pm1b, Pm1b + 1, 0xCF8, 0xCF9, 0xCFC, 0x60, 0x64, 0x92F];
        for (int round = 0; round < 20; round++)
        {
            byte[] bare = new byte[0x1000];
            byte[] behind = new byte[0x1000];
            Start(resetPort: 0x92F);
            int done = 0;
            Hardware.Input = (port, size) => (uint)Enumerable.Range(0, size).Sum(i => (long)behind[port + i] << (8 * i));
            for (int i = 0; i < 500; i++)
            {
                ushort port = ports[random.Next(ports.Length)];
                int size = 1 << random.Next(3);
                if (random.Next(2) == 0)
                {
                    uint expected = (uint)Enumerable.Range(0, size).Sum(k => (long)bare[port + k] << (8 * k));
                    Assert.Equal(expected, _machine!.In(port, size));
                    continue;
                }

                uint value = Harmless(port, size, (uint)random.NextInt64());
                Put(bare, port, size, value);
                Write(port, size, value);
                for (; done < Hardware.Outputs.Count; done++)
                {
                    Put(behind, Hardware.Outputs[done].Port, Hardware.Outputs[done].Size, Hardware.Outputs[done].Value);
                }

                Assert.Equal(bare, behind);
            }

            Assert.Equal(["Probe", "Attach"], _other.Life.Distinct());
            _machine!.Dispose();
            _machine = null;
        }
    }

    /// <summary>Whatever the tables hold, attaching ends, and the mediator has not failed.</summary>
    [Fact]
    public void Broken_tables_do_not_make_it_fail()
    {
        Random random = new(21);
        for (int i = 0; i < Fuzz.Rounds(60); i++)
        {
            byte[] tables = Memory(0x92F, isReduced: random.Next(4) == 0);
            for (int flips = random.Next(1, 30); flips > 0; flips--)
            {
                // Pointers of the root pointer and of the list, headers, lengths, code: all of it lies here.
                tables[random.Next(4) == 0 ? random.Next(36) : 0x1000 + random.Next(0x600)] = (byte)random.Next(256);
            }

            // As much address space as the simulated machine has memory: real machines read as zeros beyond it.
            MachineOptions options = new() { AddressBits = 33, AcpiRootPointer = Tables, ScratchSize = 0x10_0000, Fill = machine => tables.CopyTo(new Span<byte>(machine.Guest(Tables), tables.Length)) };
            AcpiMediator mediator = new();
            _ = mediator.SetOption("sleep"u8, "deny"u8);
            _ = mediator.SetOption("iommu"u8, "hide"u8);
            using MediatedMachine machine = new(options, mediator);
            Assert.True(machine.State() != MediatorState.Failed, machine.Inner.LogText());
            MediatorLife.ExitBootServices(machine.Inner.Data);
            Assert.NotEqual(MediatorState.Failed, machine.State());
        }
    }

    /// <summary>The value without what would put the machine to sleep or reset it.</summary>
    private static uint Harmless(ushort port, int size, uint value)
    {
        for (int i = 0; i < size; i++)
        {
            uint cleared = (port + i) switch
            {
                Pm1a + 1 or Pm1b + 1 => 0x20,
                0xCF9 => 0x04,
                0x64 => 0x80,
                _ => 0,
            };
            value &= ~(cleared << (8 * i));
        }

        value = size == 4 ? value : value & ((1u << (8 * size)) - 1);
        return port == 0x92F && size == 1 && value == 0x5A ? 0 : value;
    }

    private static void Put(byte[] device, int port, int size, uint value)
    {
        for (int i = 0; i < size; i++)
        {
            device[port + i] = (byte)(value >> (8 * i));
        }
    }

    /// <summary>The bytes that reached the hardware at these ports, put together.</summary>
    private static uint Written(int port, int size, IEnumerable<(ushort Port, int Size, uint Value)> outputs)
    {
        byte[] device = new byte[0x1000];
        foreach ((ushort at, int width, uint value) in outputs.Where(output => output.Port >= port && output.Port < port + size))
        {
            Put(device, at, width, value);
        }

        uint whole = BinaryPrimitives.ReadUInt32LittleEndian(device.AsSpan(port));
        return size == 4 ? whole : whole & ((1u << (8 * size)) - 1);
    }

    private static byte[] Memory(ushort resetPort, bool isReduced)
    {
        byte[] fadt = FakeTableMemory.Table("FACP", new byte[276 - 36]);
        BinaryPrimitives.WriteUInt32LittleEndian(fadt.AsSpan(36), (uint)Facs);
        BinaryPrimitives.WriteUInt64LittleEndian(fadt.AsSpan(132), OtherFacs);
        BinaryPrimitives.WriteUInt32LittleEndian(fadt.AsSpan(48), 0xB2);
        BinaryPrimitives.WriteUInt32LittleEndian(fadt.AsSpan(64), Pm1a);
        BinaryPrimitives.WriteUInt32LittleEndian(fadt.AsSpan(68), Pm1b);
        fadt[89] = 2;
        BinaryPrimitives.WriteUInt32LittleEndian(fadt.AsSpan(112), (1u << 10) | (isReduced ? 1u << 20 : 0));
        fadt[116] = 1;
        BinaryPrimitives.WriteUInt64LittleEndian(fadt.AsSpan(120), resetPort);
        fadt[128] = 0x5A;
        BinaryPrimitives.WriteUInt64LittleEndian(fadt.AsSpan(248), SleepControl);
        return FakeTableMemory.Build(Tables, true, FakeTableMemory.Table("APIC", 1), fadt, FakeTableMemory.Table("DMAR", 2), FakeTableMemory.Table("DSDT", s_code));
    }

    private void Start(ushort resetPort = 0xCF9, ushort serial = 0, bool isReduced = false, ulong scratch = 0x10_0000, params (string Key, string Value)[] options)
    {
        foreach ((string key, string value) in options)
        {
            Assert.True(_acpi.SetOption(Encoding.ASCII.GetBytes(key), Encoding.ASCII.GetBytes(value)).IsTaken);
        }

        byte[] tables = Memory(resetPort, isReduced);
        MachineOptions machine = new()
        {
            AcpiRootPointer = Tables,
            ScratchSize = scratch,
            Host = new HostOptions { SerialPort = serial },
            Fill = inner =>
            {
                tables.CopyTo(new Span<byte>(inner.Guest(Tables), tables.Length));
                foreach (ulong address in new[] { Facs, OtherFacs })
                {
                    Span<byte> facs = new(inner.Guest(address), 64);
                    "FACS"u8.CopyTo(facs);
                    facs[4] = 64;
                    facs[20] = 2; // can wake in 64-bit mode
                    facs[32] = 2;
                }
            },
        };
        _machine = new MediatedMachine(machine, _acpi, _other);
        Assert.Equal(MediatorState.Attached, _machine.State());
    }

    private void Write(ushort port, int size, uint value) => _machine!.Out(port, size, value);

    private TableFinder<FakeGuestMemory> Finder() => new(new FakeGuestMemory(_machine!.Inner), new Span<byte>(_machine.Inner.Guest(Tables), 36));

    private Span<byte> Dsdt() => Finder().FindDsdt();

    private string States()
    {
        AmlReading reading = AmlReading.Of(Dsdt().ToArray());
        return string.Join(' ', Enumerable.Range(1, 5).Select(reading.State));
    }

    private void PutVector(ulong facs, uint vector, ulong extended, byte wants64 = 0)
    {
        Span<byte> memory = new(_machine!.Inner.Guest(facs), 64);
        BinaryPrimitives.WriteUInt32LittleEndian(memory[12..], vector);
        BinaryPrimitives.WriteUInt64LittleEndian(memory[24..], extended);
        memory[36] = wants64;
    }

    private uint Vector(ulong facs) => *(uint*)_machine!.Inner.Guest(facs + 12);

    private ulong ExtendedVector(ulong facs) => *(ulong*)_machine!.Inner.Guest(facs + 24);

    /// <summary>The simulated machine's memory.</summary>
    private readonly struct FakeGuestMemory(SimulatedMachine machine) : ITableMemory
    {
        public Span<byte> Map(ulong address, int length) => new(machine.Guest(address), length);
    }
}
