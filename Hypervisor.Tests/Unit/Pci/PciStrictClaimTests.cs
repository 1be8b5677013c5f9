using System.Collections.Generic;
using System.Linq;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Mediation;
using Hypervisor.Devices.Pci;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Pci;

/// <summary>Where a claim is strict there is no moment, and no place, in which the function answers and its mediator is not asked (M42, M55).</summary>
public sealed unsafe class PciStrictClaimTests
{
    private const int OwnerNumber = 1;
    private const ulong Bar5 = 0xFEBF_0000;
    private const int Size5 = 0x1000;
    private const ushort Bar4 = 0xC040;

    /// <summary>The host, configuration space, the local APIC, memory, and nothing that can be addressed.</summary>
    public static TheoryData<uint> Unclaimable => [0x7000_0000, (uint)PciBusModel.DefaultWindow, 0xFEE0_0000, 0x4000_0000, 0];

    [Theory]
    [MemberData(nameof(Unclaimable))]
    public void Where_its_memory_cannot_be_claimed_a_function_does_not_answer(uint place)
    {
        using PciMachine machine = Ahci(out PciOwner owner, out PciFunctionModel function);
        bool answered = false;
        function.WasWritten = offset => answered |= offset == 0x24 && (function.Get(4, 2) & 2) != 0;
        machine.ConfigWrite(0, 31, 2, 0x24, place);
        Assert.False(answered, "it was there before Memory Space was off");
        Assert.Equal(5u, function.Get(4, 2)); // I/O Space and Bus Master are as they were
        Assert.Equal(7u, machine.ConfigRead(0, 31, 2, 4, 2));
        Assert.Equal(7u, machine.ConfigRead(0, 31, 2, 4, 1));
        Assert.Contains("0000:00:1F.2: base address register 5 cannot be claimed: it ", machine.Inner.LogText());
        Assert.False(owner.Pci.Function(owner.Notices[0].Function).GetBar(5, out _, out _, out _));

        machine.ConfigWrite(0, 31, 2, 4, 7, 2);
        machine.ConfigWrite(0, 31, 2, 4, 2, 1);
        machine.Write(machine.Bus.Window(0, 0xFA, 4), 4, 0xFFFF_0006);
        Assert.Equal(4u, function.Get(4, 2));
        Assert.DoesNotContain(machine.MemoryClaims, c => c.Mediator == OwnerNumber);

        machine.ConfigWrite(0, 31, 2, 0x24, 0xE000_0000);
        Assert.Equal(6u, function.Get(4, 2)); // as the guest wrote it last
        Assert.Equal([(0xE000_0000ul, 0xE000_0FFFul, OwnerNumber)], machine.MemoryClaims.Where(c => c.Mediator == OwnerNumber));
        Assert.True(owner.Pci.Function(owner.Notices[0].Function).GetBar(5, out ulong address, out _, out _));
        Assert.Equal(0xE000_0000ul, address);
    }

    [Fact]
    public void A_space_the_guest_switches_off_meanwhile_stays_off()
    {
        using PciMachine machine = Ahci(out _, out PciFunctionModel function);
        machine.ConfigWrite(0, 31, 2, 0x24, 0x7000_0000);
        machine.ConfigWrite(0, 31, 2, 4, 5, 2);
        Assert.Equal(5u, machine.ConfigRead(0, 31, 2, 4, 2));
        machine.ConfigWrite(0, 31, 2, 0x24, (uint)Bar5);
        Assert.Equal(5u, function.Get(4, 2));
    }

    [Fact]
    public void Ports_that_cannot_be_claimed_are_kept_off_too()
    {
        using PciMachine machine = Ahci(out _, out PciFunctionModel function);
        machine.ConfigWrite(0, 31, 2, 0x20, 0x0001);
        Assert.Equal(6u, function.Get(4, 2));
        Assert.Contains("base address register 4 cannot be claimed: it has no address; I/O Space stays off", machine.Inner.LogText());
        machine.ConfigWrite(0, 31, 2, 0x20, 0xD001);
        Assert.Equal(7u, function.Get(4, 2));
    }

    [Fact]
    public void What_only_watches_may_be_over_memory_and_leaves_the_space_alone()
    {
        PciOwner? owner = null;
        using PciMachine machine = new(Machine(), new PciMachineOptions { Memory = Ram }, pci => owner = new PciOwner(pci, PciMatch.Class(0x0106)) { Bars = [4, 5] });
        PciFunctionModel function = machine.Bus.Find(0, 0, 0xFA)!;
        machine.ConfigWrite(0, 31, 2, 0x24, 0x4000_0000);
        Assert.Contains(machine.MemoryClaims, c => c.Mediator == OwnerNumber && c.First == 0x4000_0000);
        machine.ConfigWrite(0, 31, 2, 0x24, 0x7000_0000);
        Assert.DoesNotContain(machine.MemoryClaims, c => c.Mediator == OwnerNumber);
        Assert.Equal(7u, function.Get(4, 2));
        Assert.Contains("base address register 5 cannot be claimed: it is the host's memory; it is not watched", machine.Inner.LogText());
    }

    [Fact]
    public void Moves_never_come_to_an_end_of_page_tables_and_leave_nothing_closed_behind_them()
    {
        PciFunctionModel nvme = new PciFunctionModel(0x1B36, 0x0010, 0x01_0802).MemoryBar(0, 0x4000, 0xFE80_0000, is64: true).Command(6);
        PciOwner? owner = null;
        using PciMachine machine = new(
            new PciBusModel().AddQ35().Add(4, 0, nvme),
            new PciMachineOptions { Processors = 2 },
            pci => owner = new PciOwner(pci, PciMatch.Class(0x0108)) { Bars = [0], Form = new MemoryForm { IsStrict = true } });
        ulong before = 0;
        foreach (ulong place in Enumerable.Range(0, 70).Select(i => 0xC000_0000ul + ((ulong)i << 21)).Concat(Enumerable.Range(1, 200).Select(i => 0x80_0000_0000ul + ((ulong)i << 30))))
        {
            machine.ConfigWrite(0, 4, 0, 0x10, (uint)place);
            machine.ConfigWrite(0, 4, 0, 0x14, (uint)(place >> 32));
            Assert.Contains((place, place + 0x3FFF, OwnerNumber), machine.MemoryClaims);
            Assert.Equal(6u, nvme.Get(4, 2));
            for (int processor = 0; processor < 2; processor++)
            {
                ulong root = machine.Inner.VmcbOf(processor)->NestedCr3;
                Assert.Null(TableWalk.Find(root, place));
                Assert.Null(TableWalk.Find(root, place + 0x3FFF));
                Assert.NotNull(TableWalk.Find(root, place + 0x4000));
                Assert.True(before == 0 || TableWalk.Find(root, before)!.Value.Writable);
            }

            before = place;
        }

        foreach (TableWalk.Mapping mapping in TableWalk.Lower(machine.Inner.Machine->NestedRoot))
        {
            bool isHost = mapping.Linear >= machine.Inner.Machine->RegionBase && mapping.Linear < machine.Inner.Machine->RegionBase + machine.Inner.RegionSize;
            Assert.Equal((isHost ? machine.Inner.Machine->ZeroPage : mapping.Linear, !isHost), (mapping.Physical, mapping.Writable));
        }
    }

    [Fact]
    public void A_question_for_the_size_of_a_register_is_an_address_like_any_other()
    {
        using PciMachine machine = Ahci(out PciOwner owner, out _);
        machine.ConfigWrite(0, 31, 2, 0x20, uint.MaxValue);
        Assert.Equal(0xFFE1u, machine.ConfigRead(0, 31, 2, 0x20));
        machine.In(0xFFF0, 4);
        Assert.Single(owner.Ports);
        machine.ConfigWrite(0, 31, 2, 0x24, uint.MaxValue);
        Assert.Contains((0xFFFF_F000ul, 0xFFFF_FFFFul, OwnerNumber), machine.MemoryClaims);
        owner.Access = _ => (Verdict.Done, 0x55);
        Assert.Equal(0x55ul, machine.Read(0xFFFF_F100, 4));
        Assert.Single(owner.Memory);
    }

    [Fact]
    public void Claims_are_made_before_the_function_answers_there_and_stay_while_it_does_not()
    {
        using PciMachine machine = Ahci(out _, out PciFunctionModel function);
        List<int> checkedAt = [];
        function.WasWritten = offset =>
        {
            checkedAt.Add(offset);
            ulong memory = function.Get(0x24, 4) & ~0xFul;
            ushort ports = (ushort)(function.Get(0x20, 4) & 0xFFFC);
            Assert.Contains((memory, memory + Size5 - 1, OwnerNumber), machine.MemoryClaims);
            Assert.Contains((ports, (ushort)(ports + 0x1F), OwnerNumber), machine.PortClaims);
        };
        foreach (uint command in new[] { 7u, 4u, 7u, 0u, 3u })
        {
            machine.ConfigWrite(0, 31, 2, 4, command, 2);
            Assert.Equal(command, function.Get(4, 2));
            machine.ConfigWrite(0, 31, 2, 0x24, 0xE000_0000 + (command << 20));
            machine.ConfigWrite(0, 31, 2, 0x26, 0xD0D0, 2);
            machine.ConfigWrite(0, 31, 2, 0x27, 0xC1, 1);
            machine.Write(machine.Bus.Window(0, 0xFA, 0x20), 8, 0xE123_4000_0000_D041 + ((ulong)command << 8));
            Assert.Single(machine.MemoryClaims, c => c.Mediator == OwnerNumber);
            Assert.Single(machine.PortClaims, c => c.Mediator == OwnerNumber);
        }

        Assert.Equal([4, 0x20, 0x24, 0x26, 0x27], checkedAt.Distinct().Order());
    }

    [Theory]
    [InlineData(0x04, 0x0000u, 2)]
    [InlineData(0x20, 0x0000_FFF0u, 4)]
    [InlineData(0x18, 0x0000_0000u, 4)]
    public void A_bridge_that_hands_nothing_on_does_not_open_what_is_behind_it(int offset, uint off, int size)
    {
        PciFunctionModel nic = new PciFunctionModel(0x8086, 0x1533, 0x02_0000).MemoryBar(0, 0x1000, 0xFEA0_0000).Command(6);
        PciFunctionModel bridge = new PciFunctionModel(0x1B36, 0x000C, 0x06_0400).AsBridge(1, 1, (1, nic)).Window(0xFEA0_FEA0).Command(7);
        PciOwner? owner = null;
        using PciMachine machine = new(
            new PciBusModel().AddQ35().Add(3, 0, bridge), null, pci => owner = new PciOwner(pci, PciMatch.Device(0x8086, 0x1533)) { Bars = [0], Form = new MemoryForm { IsStrict = true } });
        machine.ConfigWrite(0, 3, 0, offset, off, size);
        Assert.Contains((0xFEA0_0000ul, 0xFEA0_0FFFul, OwnerNumber), machine.MemoryClaims);
        Assert.False(owner!.Pci.Function(owner.Notices[0].Function).GetBar(0, out _, out _, out _));
    }

    [Fact]
    public void Two_functions_at_one_place_are_the_first_ones_until_it_goes()
    {
        PciFunctionModel first = new PciFunctionModel(0x8086, 0x2922, 0x01_0601).MemoryBar(5, 0x1000, 0xE000_0000).Command(2);
        PciFunctionModel second = new PciFunctionModel(0x1B4B, 0x9230, 0x01_0601).MemoryBar(5, 0x400, 0xE010_0000).Command(2);
        PciOwner? owner = null;
        using PciMachine machine = new(
            new PciBusModel().AddQ35().Add(4, 0, first).Add(5, 0, second), null, pci => owner = new PciOwner(pci, PciMatch.Class(0x0106)) { Bars = [5], Form = new MemoryForm { IsStrict = true } });
        machine.ConfigWrite(0, 5, 0, 0x24, 0xE000_0400);
        Assert.Equal((2u, 0u), (first.Get(4, 2), second.Get(4, 2)));
        machine.Read(0xE000_0400, 4);
        Assert.Equal(0x400ul, Assert.Single(owner!.Memory).Offset);
        owner.Notices.Clear();
        machine.ConfigWrite(0, 4, 0, 0x24, 0xE020_0000);
        Assert.Equal((2u, 2u), (first.Get(4, 2), second.Get(4, 2)));
        Assert.Contains((0xE000_0400ul, 0xE000_07FFul, OwnerNumber), machine.MemoryClaims);
        Assert.Contains(owner.Notices, n => n.Notice == PciNotice.CommandChanged && n.Address.Device == 5);
    }

    [Fact]
    public void A_function_that_does_not_reset_itself_when_told_to_stays_claimed()
    {
        PciFunctionModel function = Function().Express();
        function.IgnoresResets = true;
        using PciMachine machine = new(
            new PciBusModel().AddQ35().Add(31, 2, function), null, pci => new PciOwner(pci, PciMatch.Class(0x0106)) { Bars = [4, 5], Form = new MemoryForm { IsStrict = true } });
        machine.ConfigWrite(0, 31, 2, function.ExpressOffset, 0x8000, 2);
        Assert.Contains((Bar5, Bar5 + Size5 - 1, OwnerNumber), machine.MemoryClaims);
        Assert.Contains((Bar4, (ushort)(Bar4 + 0x1F), OwnerNumber), machine.PortClaims);
        function.IgnoresResets = false;
        machine.ConfigWrite(0, 31, 2, function.ExpressOffset, 0x8000, 2);
        machine.ConfigWrite(0, 31, 2, 0x24, 0xE000_0000);
        machine.ConfigWrite(0, 31, 2, 4, 2, 2);
        Assert.Equal(2u, function.Get(4, 2));
        Assert.Equal([(0xE000_0000ul, 0xE000_0FFFul, OwnerNumber)], machine.MemoryClaims.Where(c => c.Mediator == OwnerNumber));
    }

    [Fact]
    public void A_write_of_which_only_the_hardware_knows_the_register_does_not_reach_it()
    {
        using PciMachine machine = Ahci(out _, out PciFunctionModel function);
        function.Writes.Clear();
        machine.Out(0xCF8, 4, PciMachine.Select(0, 31, 2, 0x24) | 0x0100_0002);
        machine.Out(0xCFC, 4, 0xE000_0000);
        Assert.Empty(function.Writes);
    }

    [Fact]
    public void A_guest_that_tries_and_tries_does_not_fill_the_log()
    {
        using PciMachine machine = Ahci(out _, out _);
        for (int i = 0; i < 300; i++)
        {
            machine.ConfigWrite(0, 31, 2, 0x24, 0x7000_0000 + ((uint)i << 12));
            machine.ConfigWrite(0, 31, 2, 0x24, 0xE000_0000);
        }

        Assert.Single(machine.Inner.LogText().Split("cannot be claimed")[1..]);
    }

    [Fact]
    public void What_the_firmware_has_moved_in_its_sleep_is_claimed_before_anybody_goes_on()
    {
        using PciMachine machine = Ahci(out PciOwner owner, out PciFunctionModel function);
        (ulong, ulong, int)[] claims = [];
        owner.Woken = () => claims = machine.MemoryClaims;
        MediatorLife.Sleep(machine.Inner.Data, SleepState.S3);
        function.Command(3).With(0x24, 0xE000_0000, 4).With(0x20, 0xD001, 4);
        Instructions.Processor = machine.Inner.Processors[0];
        MediatorLife.Resume(machine.Inner.Data);
        Assert.Contains((0xE000_0000ul, 0xE000_0FFFul, OwnerNumber), claims);
        Assert.Contains(((ushort)0xD000, (ushort)0xD01F, OwnerNumber), machine.PortClaims);
        Assert.DoesNotContain(machine.MemoryClaims, c => c.First == Bar5);
        Assert.Equal(3, owner.Notices.Count(n => n.Notice is PciNotice.CommandChanged or PciNotice.BarMoved));
    }

    [Fact]
    public void What_is_behind_a_bridge_is_read_once_the_bridge_leads_there()
    {
        PciFunctionModel nic = new PciFunctionModel(0x8086, 0x1533, 0x02_0000).MemoryBar(0, 0x1000, 0xFEA0_0000).Command(6);
        PciFunctionModel bridge = new PciFunctionModel(0x1B36, 0x000C, 0x06_0400).AsBridge(1, 1, (1, nic)).Window(0xFEA0_FEA0).Command(7);
        using PciMachine machine = new(
            new PciBusModel().AddQ35().Add(3, 0, bridge), null, pci => new PciOwner(pci, PciMatch.Device(0x8086, 0x1533)) { Bars = [0], Form = new MemoryForm { IsStrict = true } });
        MediatorLife.Sleep(machine.Inner.Data, SleepState.S3);
        nic.With(0x10, 0xFEA0_8000, 4);
        bridge.With(0x18, 0x0005_0500, 4);
        Instructions.Processor = machine.Inner.Processors[0];
        MediatorLife.Resume(machine.Inner.Data);
        Assert.Equal([(0xFEA0_8000ul, 0xFEA0_8FFFul, OwnerNumber)], machine.MemoryClaims.Where(c => c.Mediator == OwnerNumber));
    }

    private static (ulong, ulong, bool)[] Ram => [(0, 0xA_0000, false), (0x10_0000, 0x7000_0000, false), (0x1_0000_0000, 0x2_0000_0000, false)];

    private static PciFunctionModel Function() =>
        new PciFunctionModel(0x8086, 0x2922, 0x01_0601, isMultiFunction: true).IoBar(4, 0x20, Bar4).MemoryBar(5, Size5, (uint)Bar5).Command(7);

    private static PciBusModel Machine() => new PciBusModel().AddQ35().Add(31, 0, new PciFunctionModel(0x8086, 0x2918, 0x06_0100, isMultiFunction: true)).Add(31, 2, Function());

    private static PciMachine Ahci(out PciOwner owner, out PciFunctionModel function)
    {
        PciOwner? made = null;
        PciMachine machine = new(
            Machine(),
            new PciMachineOptions { Memory = Ram },
            pci => made = new PciOwner(pci, PciMatch.Class(0x0106)) { Bars = [4, 5], Form = new MemoryForm { IsStrict = true } });
        owner = made!;
        function = machine.Bus.Find(0, 0, 0xFA)!;
        return machine;
    }
}
