using System;
using System.Linq;
using Hypervisor.Core.Mediation;
using Hypervisor.Devices.Pci;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Pci;

/// <summary>Windows of configuration space: what the table says, what the hardware says, and what the guest makes of it (M40, M45).</summary>
public sealed class PciWindowTests
{
    private const ulong Window = PciBusModel.DefaultWindow;
    private const ulong WindowSize = 0x1000_0000;

    [Fact]
    public void Rubbish_in_the_table_is_refused_entry_by_entry()
    {
        byte[] table = PciMachine.McfgOf(
            (0, 0, 255, Window), (0, 16, 31, 0xD000_0000), (1, 0, 15, Window + 0x100_0000), (2, 9, 3, 0xE000_0000), (3, 0, 255, 0xFFFF_FFFF_F000_0000),
            (4, 0, 0, 0), (5, 0, 0, 0xE000_1000), (6, 0, 3, 0xE000_0000));
        using PciMachine machine = new(Bus().AddWindow(6, 0, 3, 0xE000_0000), new PciMachineOptions { Mcfg = table });
        Assert.Equal([(Window, Window + WindowSize - 1, 0), (0xE000_0000, 0xE03F_FFFF, 0)], machine.MemoryClaims);
        string log = machine.Inner.LogText();
        Assert.Equal(7, log.Split("MCFG entry refused").Length);
        Assert.Contains("segment 1, buses 0 to 15, at 0xB1000000: it overlaps another one", log);
        Assert.Contains("segment 2, buses 9 to 3, at 0xE0000000: its last bus comes before its first", log);
    }

    [Fact]
    public void A_table_of_noise_does_no_harm()
    {
        for (int seed = 0; seed < Fuzz.Rounds(40); seed++)
        {
            byte[] table = PciMachine.McfgOf([.. Enumerable.Repeat((0, 0, 0, 0ul), seed % 30)]);
            new Random(seed).NextBytes(table.AsSpan(36));
            table.AsSpan(4, 4).Clear();
            table[4] = (byte)new Random(seed).Next(256);
            table[5] = (byte)(seed % 3);
            using PciMachine machine = new(new PciBusModel().Add(1, 0, Device()), new PciMachineOptions { Mcfg = table });
            Assert.Equal(MediatorState.Attached, machine.State());
            Assert.Equal(0x5678_1234u, machine.ConfigRead(0, 1, 0, 0));
        }
    }

    [Fact]
    public void The_guest_moves_the_window_switches_it_off_and_on()
    {
        PciOwner? owner = null;
        using PciMachine machine = new(Bus(), null, pci => owner = new PciOwner(pci, PciMatch.Device(0x1234, 0x5678)));
        machine.ConfigWrite(0, 0, 0, 0x60, 0xC000_0001);
        Assert.Equal([(0xC000_0000ul, 0xCFFF_FFFFul, 0)], machine.MemoryClaims);
        machine.Read(0xC000_8000, 4);
        Assert.Single(owner!.Requests);

        // The window moves itself, to half the size.
        machine.Write(0xC000_0060, 4, 0xE800_0003);
        Assert.Equal([(0xE800_0000ul, 0xEFFF_FFFFul, 0)], machine.MemoryClaims);
        machine.Read(0xE800_8000, 4);
        Assert.Equal(2, owner.Requests.Count);

        machine.ConfigWrite(0, 0, 0, 0x60, 0xE800_0002);
        Assert.Empty(machine.MemoryClaims);
        Assert.Equal(0x5678_1234u, machine.ConfigRead(0, 1, 0, 0));
        Assert.Equal(3, owner.Requests.Count);
        owner.Configuration = r => (Verdict.Done, owner.Pci.Configuration.Read(owner.Host!, r.Address, 0x100, 4) & owner.Pci.Configuration.Read(owner.Host!, r.Address, 0, 4));
        Assert.Equal(0x5678_1234u, machine.ConfigRead(0, 1, 0, 0));
        machine.ConfigWrite(0, 0, 0, 0x64, 0x0000_0001);
        machine.ConfigWrite(0, 0, 0, 0x60, 0xE000_0001);
        Assert.Equal([(0x1_E000_0000ul, 0x1_EFFF_FFFFul, 0)], machine.MemoryClaims);
    }

    [Fact]
    public void The_bridge_is_believed_rather_than_the_table()
    {
        using PciMachine machine = new(Bus(), new PciMachineOptions { Mcfg = PciMachine.McfgOf((0, 0, 255, 0xD000_0000)) });
        Assert.Equal([(Window, Window + WindowSize - 1, 0)], machine.MemoryClaims);
        Assert.Contains("the bridge is believed", machine.Inner.LogText());
    }

    [Fact]
    public void Without_a_table_the_bridge_is_followed_all_the_same()
    {
        using PciMachine machine = new(new PciBusModel().AddQ35(0).Add(1, 0, Device()), new PciMachineOptions { Mcfg = null });
        Assert.Empty(machine.MemoryClaims);
        machine.ConfigWrite(0, 0, 0, 0x60, 0xB000_0001);
        Assert.Equal([(Window, Window + WindowSize - 1, 0)], machine.MemoryClaims);
    }

    [Fact]
    public void The_window_of_AMD_processors_follows_its_MSR()
    {
        const uint msr = 0xC001_0058;
        PciBusModel bus = new PciBusModel().Add(0, 0, new PciFunctionModel(0x1022, 0x1450, 0x06_0000)).AddWindow(0, 0, 255, Window);
        using PciMachine machine = new(bus, new PciMachineOptions { Msrs = [(msr, Window | 1 | (8 << 2))] });
        Assert.Equal([(Window, Window + WindowSize - 1, 0)], machine.MemoryClaims);
        Write(machine, msr, 0xE000_0000 | 1 | (7 << 2));
        Assert.Equal([(0xE000_0000ul, 0xE7FF_FFFFul, 0)], machine.MemoryClaims);
        Write(machine, msr, 0);
        Assert.Empty(machine.MemoryClaims);
    }

    [Fact]
    public void Other_segments_are_reached_and_tracked_through_their_windows_alone()
    {
        PciBusModel bus = Bus().AddWindow(7, 16, 31, 0xD000_0000).Add(1, 0, new PciFunctionModel(0x1234, 0x9999, 0x01_0802).MemoryBar(0, 0x1000, 0xFE00_0000).Command(2), bus: 16, segment: 7);
        PciOwner? owner = null;
        using PciMachine machine = new(
            bus, new PciMachineOptions { Mcfg = PciMachine.McfgOf((0, 0, 255, Window), (7, 16, 31, 0xD000_0000)) },
            pci => owner = new PciOwner(pci, PciMatch.At(new PciAddress(7, 16, 1, 0))) { Bars = [0] });
        Assert.Equal((7, 16), (owner!.Notices.Single().Address.Segment, owner.Notices.Single().Address.Bus));
        Assert.Equal(0x9999_1234ul, machine.Read(0xD100_8000, 4));
        Assert.Single(owner.Requests);
        Assert.Contains((0xFE00_0000ul, 0xFE00_0FFFul, 1), machine.MemoryClaims);
        Assert.Equal(uint.MaxValue, machine.ConfigRead(16, 1, 0, 0));
    }

    [Fact]
    public void One_interface_reads_and_writes_alike_through_window_and_ports()
    {
        foreach (bool hasWindow in new[] { true, false })
        {
            PciOwner? owner = null;
            using PciMachine machine = new(
                hasWindow ? Bus() : new PciBusModel().AddQ35(0).Add(1, 0, Device()), new PciMachineOptions { Mcfg = hasWindow ? new PciMachineOptions().Mcfg : null },
                pci => owner = new PciOwner(pci, PciMatch.Device(0x1234, 0x5678)));
            owner!.Configuration = r =>
            {
                PciConfiguration configuration = owner.Pci.Configuration;
                MediatorHost host = owner.Host!;
                configuration.Write(host, r.Address, 0xF0, 4, 0x1122_3344);
                configuration.Write(host, r.Address, 0xF1, 2, 0xAABB);
                configuration.Write(host, r.Address, 0xF3, 1, 0xCC);
                Assert.Equal(0xCCAA_BB44u, configuration.Read(host, r.Address, 0xF0, 4));
                Assert.Equal(0xAABBu, configuration.Read(host, r.Address, 0xF1, 2));
                Assert.Equal(0xBBu, configuration.Read(host, r.Address, 0xF1, 1));
                Assert.Equal(0xFFFFu & (machine.Bus.Find(0, 0, 8)!.Get(0xF3, 2)), configuration.Read(host, r.Address, 0xF3, 2));
                Assert.Equal(hasWindow ? machine.Bus.Find(0, 0, 8)!.Get(0xFFC, 4) : uint.MaxValue, configuration.Read(host, r.Address, 0xFFC, 4));
                Assert.Equal(uint.MaxValue, configuration.Read(host, r.Address, 0xFFE, 4));
                Assert.Equal(uint.MaxValue, configuration.Read(host, r.Address, -1, 4));
                Assert.Equal(0xFFFFu, configuration.Read(host, new PciAddress(9, 0, 0, 0), 0, 2));
                return (Verdict.Done, 1);
            };
            Assert.Equal(1u, machine.ConfigRead(0, 1, 0, 0));
            Assert.Equal(MediatorState.Attached, machine.State(1));
            Assert.Equal(PciMachine.Select(0, 1, 0, 0), machine.In(0xCF8, 4));
        }
    }

    private static unsafe void Write(PciMachine machine, uint msr, ulong value) => Core.Traps.MsrTraps.Ask(machine.Inner.Data, msr, isWrite: true, ref value);

    private static PciFunctionModel Device() => new(0x1234, 0x5678, 0xFF_0000);

    private static PciBusModel Bus() => new PciBusModel().AddQ35().Add(1, 0, Device());
}
