using System.Linq;
using System.Text;
using Hypervisor.Core.Mediation;
using Hypervisor.Devices.Pci;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Pci;

/// <summary>What a policy hides is not there, by no way (M44).</summary>
public sealed unsafe class PciHideTests
{
    [Theory]
    [InlineData("00:1f.2")]
    [InlineData("0000:00:1F.2")]
    [InlineData("8086:2922")]
    [InlineData("class 0106")]
    [InlineData("class 010601")]
    [InlineData("1234:5678, class 0106 , 00:02.0")]
    public void A_hidden_function_reads_ones_takes_no_write_and_gives_no_access_to_what_it_addresses(string hide)
    {
        using PciMachine machine = Hiding(hide);
        PciFunctionModel ahci = machine.Bus.Find(0, 0, 0xFA)!;
        ahci.Writes.Clear();
        byte[] before = ahci.Snapshot();
        foreach (int offset in new[] { 0, 4, 0x24, 0xFC })
        {
            Assert.Equal(uint.MaxValue, machine.ConfigRead(0, 31, 2, offset));
            machine.ConfigWrite(0, 31, 2, offset, 0x1234_5678);
        }

        foreach (int offset in new[] { 0, 0x24, 0x100, 0xFF8 })
        {
            Assert.Equal(ulong.MaxValue, machine.Read(machine.Bus.Window(0, 0xFA, offset), 8));
            machine.Write(machine.Bus.Window(0, 0xFA, offset), 8, 0x1234_5678);
        }

        Assert.Equal(0xFF_FFFFul, machine.Read(machine.Bus.Window(0, 0xF9, 0xFFE), 4) >> 8 | 0xFF_FFFF);
        Assert.Empty(ahci.Writes);
        Assert.Equal(before, ahci.Snapshot());
        Assert.Equal(uint.MaxValue, (uint)machine.Read(0xFEBF_0010, 4));
        machine.Write(0xFEBF_0010, 4, 1);
        Assert.Empty(machine.Devices);
        machine.Inner.Bootstrap.Outputs.Clear();
        Assert.Equal(0xFFu, machine.In(0xC044, 1));
        machine.Out(0xC044, 1, 1);
        Assert.Empty(machine.Inner.Bootstrap.Outputs);
        Assert.Equal(0x2930_8086u, machine.ConfigRead(0, 31, 3, 0));
        Assert.Contains("0000:00:1F.2 (8086:2922) is hidden", machine.Inner.LogText());
    }

    [Fact]
    public void Writes_across_a_border_reach_the_neighbour_and_not_the_hidden_one()
    {
        using PciMachine machine = Hiding("00:1f.3");
        PciFunctionModel hidden = machine.Bus.Find(0, 0, 0xFB)!;
        hidden.Writes.Clear();
        machine.Write(machine.Bus.Window(0, 0xFA, 0xFFE), 4, 0xFFFF_ABCD);
        Assert.Empty(hidden.Writes);
        Assert.Equal(0xABCDu, machine.Bus.Find(0, 0, 0xFA)!.Get(0xFFE, 2));
        Assert.Equal(0xFFFF_ABCDul, machine.Read(machine.Bus.Window(0, 0xFA, 0xFFE), 4));
    }

    [Fact]
    public void Without_function_0_the_whole_device_is_hidden()
    {
        using PciMachine machine = Hiding("00:1f.0");
        Assert.All(new[] { 0, 2, 3 }, f => Assert.Equal(uint.MaxValue, machine.ConfigRead(0, 31, f, 0)));
        Assert.Equal(uint.MaxValue, (uint)machine.Read(0xFEBF_0010, 4));
    }

    [Fact]
    public void Behind_a_hidden_bridge_nothing_is_reached()
    {
        using PciMachine machine = Hiding("00:03.0");
        Assert.Equal(uint.MaxValue, machine.ConfigRead(1, 0, 0, 0));
        Assert.Equal(uint.MaxValue, (uint)machine.Read(0xFE80_0000, 4));
    }

    [Fact]
    public void Hidden_is_what_is_plugged_in_later_too_and_stays_so_while_its_bus_is_out_of_reach()
    {
        using PciMachine machine = Hiding("class 0200");
        PciFunctionModel nic = new PciFunctionModel(0x8086, 0x1533, 0x02_0000).MemoryBar(0, 0x1000, 0xFE80_8000).Command(2);
        machine.Bus.Find(0, 0, 0x18)!.Behind.Add(1 << 3, nic);
        Assert.Equal(uint.MaxValue, machine.ConfigRead(1, 1, 0, 8));
        Assert.Equal(uint.MaxValue, (uint)machine.Read(0xFE80_8000, 4));
        nic.IsPresent = false;
        Assert.Equal(uint.MaxValue, machine.ConfigRead(1, 1, 0, 0));
        nic.IsPresent = true;
        Assert.Equal(uint.MaxValue, machine.ConfigRead(1, 1, 0, 0));
        Assert.Equal(uint.MaxValue, (uint)machine.Read(0xFE80_8000, 4));
    }

    [Fact]
    public void A_function_that_does_not_tell_its_vendor_is_left_alone()
    {
        PciFunctionModel silent = new PciFunctionModel(0xFFFF, 0xFFFF, 0x01_0601).With(0xF0, 0x1234_5678, 4);
        using PciMachine machine = new(new PciBusModel().AddQ35().Add(9, 0, silent), Options("00:09.0"));
        Assert.Equal(0x1234_5678u, machine.ConfigRead(0, 9, 0, 0xF0));
        machine.ConfigWrite(0, 9, 0, 0xF0, 0x8765_4321);
        Assert.Equal(0x8765_4321ul, machine.Read(machine.Bus.Window(0, 0x48, 0xF0), 4));
    }

    [Fact]
    public void Where_a_hidden_function_cannot_be_kept_from_the_guest_it_is_switched_off()
    {
        PciFunctionModel nic = new PciFunctionModel(0x8086, 0x1533, 0x02_0000).MemoryBar(0, 0x1000, 0xFEE0_0000).IoBar(2, 0x20, 0xD000).Command(7);
        using PciMachine machine = new(new PciBusModel().AddQ35().Add(9, 0, nic), Options("00:09.0"));
        Assert.Equal(5u, nic.Get(4, 2));
        Assert.Contains("0000:00:09.0: base address register 0 cannot be claimed: it is the local APIC's page; Memory Space stays off", machine.Inner.LogText());
        Assert.Equal(0xFFu, machine.In(0xD004, 1));
    }

    [Fact]
    public void Hidden_functions_there_is_no_room_for_answer_nowhere()
    {
        PciBusModel bus = new PciBusModel().AddQ35();
        PciFunctionModel[] functions = [.. Enumerable.Range(8, 80).Select(i => new PciFunctionModel(0x8086, 0x1533, 0x02_0000, isMultiFunction: true)
            .MemoryBar(0, 0x1000, 0xE000_0000 + ((uint)i << 12)).Command(6))];
        for (int i = 0; i < functions.Length; i++)
        {
            bus.Add((i + 8) >> 3, i & 7, functions[i]);
        }

        using PciMachine machine = new(bus, Options("class 0200"));
        for (int i = 0; i < functions.Length; i++)
        {
            ulong address = 0xE000_0000 + ((ulong)(i + 8) << 12);
            bool isClaimed = machine.MemoryClaims.Any(c => c.First == address);
            Assert.Equal(isClaimed ? 6u : 4u, functions[i].Get(4, 2));
        }

        MediatorLife.Sleep(machine.Inner.Data, SleepState.S3);
        functions[79].Command(6);
        MediatorLife.Resume(machine.Inner.Data);
        Assert.Equal(4u, functions[79].Get(4, 2));
    }

    [Fact]
    public void While_something_is_hidden_the_window_stays_where_it_is_claimed()
    {
        using PciMachine machine = Hiding("00:1f.2");
        PciFunctionModel bridge = machine.Bus.Find(0, 0, 0)!;
        machine.ConfigWrite(0, 0, 0, 0x60, 0xC000_0001);
        machine.ConfigWrite(0, 0, 0, 0x64, 1);
        machine.ConfigWrite(0, 0, 0, 0x60, 0, 1);
        machine.Out(0xCF8, 4, PciMachine.Select(0, 0, 0, 0x60) | 0x0100_0000);
        machine.Out(0xCFC, 4, 0xC000_0001);
        Assert.Equal((0xB000_0001u, 0u), (bridge.Get(0x60, 4), bridge.Get(0x64, 4)));
        machine.ConfigWrite(0, 0, 0, 0x60, 0xB000_0001);
        Assert.Equal(uint.MaxValue, (uint)machine.Read(machine.Bus.Window(0, 0xFA, 0), 4));
        Assert.Contains("the guest wants to move the window", machine.Inner.LogText());
    }

    [Fact]
    public void What_its_own_defect_lifts_is_refused_altogether()
    {
        PciPolicyProbe(out Fallback without, out Fallback with);
        Assert.Equal((Fallback.Pass, Fallback.Deny), (without, with));
    }

    [Theory]
    [InlineData("hide", "")]
    [InlineData("hide", "00:1f")]
    [InlineData("hide", "00:20.0")]
    [InlineData("hide", "00:1f.8")]
    [InlineData("hide", "0:1f.2")]
    [InlineData("hide", "8086:292")]
    [InlineData("hide", "ffff:ffff")]
    [InlineData("hide", "8086-2922")]
    [InlineData("hide", "class")]
    [InlineData("hide", "class 01")]
    [InlineData("hide", "class 01060")]
    [InlineData("hide", "class 01zz")]
    [InlineData("hide", "00:1f.2,")]
    [InlineData("hide", "00:1f.2 00:1f.3")]
    [InlineData("hide", "0:0.0,0:0.1,0:0.2,0:0.3,0:0.4,0:0.5,0:0.6,0:0.7,0:1.0,0:1.1,0:1.2,0:1.3,0:1.4,0:1.5,0:1.6,0:1.7,0:2.0")]
    [InlineData("log", "on")]
    [InlineData("hidden", "x")]
    public void What_is_not_an_option_is_refused_with_what_is_accepted(string key, string value)
    {
        OptionResult result = new PciMediator(new PciConfiguration()).SetOption(Encoding.ASCII.GetBytes(key), Encoding.ASCII.GetBytes(value));
        Assert.False(result.IsTaken);
        string expected = key switch { "hide" => "[SSSS:]BB:DD.F, VVVV:DDDD", "log" => "off, writes or all", _ => "hide, log" };
        Assert.Contains(expected, Encoding.ASCII.GetString(result.Accepted));
    }

    [Theory]
    [InlineData("off", 0)]
    [InlineData("writes", 1)]
    [InlineData("all", 2)]
    public void Accesses_are_logged_as_asked(string log, int lines)
    {
        using PciMachine machine = new(Machine(), new PciMachineOptions { Settings = [("log", log)] });
        machine.ConfigRead(0, 31, 2, 0x3D, 1);
        machine.Write(machine.Bus.Window(0, 0xFA, 0x3C), 1, 5);
        string text = machine.Inner.LogText();
        Assert.Equal(lines >= 1, text.Contains("0000:00:1f.2 write 0x3c size 1 value 0x5", System.StringComparison.OrdinalIgnoreCase));
        Assert.Equal(lines == 2, text.Contains("0000:00:1f.2 read 0x3d size 1 value 0x0", System.StringComparison.OrdinalIgnoreCase));
    }

    private static void PciPolicyProbe(out Fallback without, out Fallback with)
    {
        PciMediator pci = new(new PciConfiguration());
        without = pci.Fallback;
        Assert.True(pci.SetOption("hide"u8, "class 0106"u8).IsTaken);
        with = pci.Fallback;
    }

    private static PciMachineOptions Options(string hide) => new() { Settings = [("hide", hide)] };

    private static PciMachine Hiding(string hide) => new(Machine(), Options(hide));

    private static PciBusModel Machine() => new PciBusModel().AddQ35()
        .Add(3, 0, new PciFunctionModel(0x1B36, 0x000C, 0x06_0400).AsBridge(
            1, 1, (0, new PciFunctionModel(0x1B36, 0x0010, 0x01_0802).MemoryBar(0, 0x4000, 0xFE80_0000, is64: true).Command(6))).Window(0xFE80_FE80).Command(7))
        .Add(31, 0, new PciFunctionModel(0x8086, 0x2918, 0x06_0100, isMultiFunction: true))
        .Add(31, 2, new PciFunctionModel(0x8086, 0x2922, 0x01_0601, isMultiFunction: true).IoBar(4, 0x20, 0xC040).MemoryBar(5, 0x1000, 0xFEBF_0000).Command(7))
        .Add(31, 3, new PciFunctionModel(0x8086, 0x2930, 0x0C_0500, isMultiFunction: true).IoBar(4, 0x40, 0x700).Command(3));
}
