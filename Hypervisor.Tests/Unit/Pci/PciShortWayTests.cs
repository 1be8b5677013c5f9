using Hypervisor.Core.Cpu;
using Hypervisor.Core.Mediation;
using Hypervisor.Core.Svm;
using Hypervisor.Devices.Pci;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Pci;

/// <summary>What nobody looks at passes by the mediator; what somebody does never does.</summary>
public sealed unsafe class PciShortWayTests
{
    private const int FullDword = 4;

    [Fact]
    public void Registers_of_functions_that_nobody_looks_at_are_read_and_written_past_the_mediator()
    {
        using PciMachine machine = new(Bus());
        _ = machine.ConfigRead(0, 2, 0, 0); // makes it known
        uint calls = Calls(machine);
        machine.ConfigWrite(0, 2, 0, 0x3C, 0x0B);
        Assert.Equal(0x0Bu, machine.ConfigRead(0, 2, 0, 0x3C) & 0xFF);
        Assert.Equal(0x0300_0000u, machine.ConfigRead(0, 2, 0, 8) & 0xFFFF_0000);
        Assert.Equal(calls, Calls(machine));
        Assert.Equal(3ul, Passed(machine));
    }

    [Fact]
    public void Where_nobody_answers_the_question_passes_by_and_who_comes_is_noticed()
    {
        using PciMachine machine = new(Bus());
        uint calls = Calls(machine);
        Assert.Equal(uint.MaxValue, machine.ConfigRead(0, 9, 0, 0));
        Assert.Equal(calls, Calls(machine));
        machine.Bus.Add(9, 0, new PciFunctionModel(0x8086, 0x10D3, 0x02_0000));
        Assert.Equal(0x10D3_8086u, machine.ConfigRead(0, 9, 0, 0));
        Assert.NotEqual(calls, Calls(machine));
    }

    [Fact]
    public void Through_the_window_passes_what_passes_at_the_ports_with_the_extended_registers()
    {
        using PciMachine machine = new(Bus());
        _ = machine.ConfigRead(0, 2, 0, 0); // makes it known
        uint calls = machine.Inner.Machine->Traps->Mediators[0].Calls[(int)MediatorDoor.Memory];
        machine.Write(machine.Bus.Window(0, 0x10, 0xFFC), 4, 0x1234_5678);
        Assert.Equal(0x1234_5678ul, machine.Read(machine.Bus.Window(0, 0x10, 0xFFC), 4));
        Assert.Equal(0x56ul, machine.Read(machine.Bus.Window(0, 0x10, 0xFFD), 1));
        Assert.Equal(ulong.MaxValue >> 32, machine.Read(machine.Bus.Window(0, 9 << 3, 0), 4)); // nobody there
        Assert.Equal(calls, machine.Inner.Machine->Traps->Mediators[0].Calls[(int)MediatorDoor.Memory]);
        Assert.Equal(4ul, Passed(machine));
        machine.Bus.Add(9, 0, new PciFunctionModel(0x8086, 0x10D3, 0x02_0000));
        Assert.Equal(0x10D3_8086ul, machine.Read(machine.Bus.Window(0, 9 << 3, 0), 4));
        Assert.Equal(calls + 1, machine.Inner.Machine->Traps->Mediators[0].Calls[(int)MediatorDoor.Memory]);
    }

    [Fact]
    public void Through_the_window_nothing_of_a_hidden_function_passes()
    {
        using PciMachine machine = new(Bus(), new PciMachineOptions { Settings = [("hide", "00:02.0")] });
        PciFunctionModel hidden = machine.Bus.Find(0, 0, 0x10)!;
        hidden.Writes.Clear();
        for (int offset = 0; offset < 0x1000; offset += FullDword)
        {
            Assert.Equal(uint.MaxValue, (uint)machine.Read(machine.Bus.Window(0, 0x10, offset), 4));
            machine.Write(machine.Bus.Window(0, 0x10, offset), 4, 0x55);
        }

        Assert.Empty(hidden.Writes);
        Assert.Equal(0ul, Passed(machine));
    }

    [Theory]
    [InlineData("00:02.0", 2)]
    [InlineData("class 0601", 31)]
    public void Nothing_of_a_hidden_function_passes_by(string hide, int device)
    {
        using PciMachine machine = new(Bus(), new PciMachineOptions { Settings = [("hide", hide)] });
        PciFunctionModel hidden = machine.Bus.Find(0, 0, device << 3)!;
        hidden.Writes.Clear();
        for (int offset = 0; offset < 0x100; offset += FullDword)
        {
            Assert.Equal(uint.MaxValue, machine.ConfigRead(0, device, 0, offset));
            machine.ConfigWrite(0, device, 0, offset, 0x55);
        }

        Assert.Empty(hidden.Writes);
        Assert.Equal(0ul, Passed(machine));
    }

    [Fact]
    public void Every_access_to_a_claimed_function_reaches_its_owner()
    {
        using PciMachine machine = new(Bus(), null, pci => new PciOwner(pci, PciMatch.Class(0x0300)));
        machine.ConfigWrite(0, 2, 0, 0x3C, 1);
        _ = machine.ConfigRead(0, 2, 0, 0x3C);
        Assert.Equal(2, ((PciOwner)machine.Others[0]).Requests.Count);
        Assert.Equal(0ul, Passed(machine));
    }

    [Fact]
    public void Of_a_bridge_reads_pass_by_and_writes_do_not()
    {
        using PciMachine machine = new(Bus());
        _ = machine.ConfigRead(0, 3, 0, 0);
        uint calls = Calls(machine);
        _ = machine.ConfigRead(0, 3, 0, 0x18);
        Assert.Equal(calls, Calls(machine));
        machine.ConfigWrite(0, 3, 0, 0x18, 0x0004_0400);
        Assert.NotEqual(calls, Calls(machine));
        _ = machine.ConfigRead(4, 0, 0, 0);
        calls = Calls(machine);
        _ = machine.ConfigRead(4, 0, 0, 8);
        Assert.Equal(calls, Calls(machine));
    }

    [Fact]
    public void With_a_log_of_accesses_nothing_passes_by()
    {
        using PciMachine machine = new(Bus(), new PciMachineOptions { Settings = [("log", "all")] });
        _ = machine.ConfigRead(0, 2, 0, 0);
        _ = machine.ConfigRead(0, 2, 0, 8);
        Assert.Equal(0ul, Passed(machine));
        Assert.Contains("0000:00:02.0 read 0x8", machine.Inner.LogText());
    }

    [Theory]
    [InlineData(1, 0x1122_3344_5566_7788ul, 0x1122_3344_5566_7702ul)]
    [InlineData(2, 0x1122_3344_5566_7788ul, 0x1122_3344_5566_0300ul)]
    [InlineData(4, 0x1122_3344_5566_7788ul, 0x0300_0002ul)]
    public void The_exit_ends_as_the_long_one_does(int size, ulong before, ulong after)
    {
        using PciMachine machine = new(Bus());
        _ = machine.ConfigRead(0, 2, 0, 0);
        _ = machine.ConfigRead(0, 2, 0, 8);
        GuestCode.EnterLongMode(machine.Inner);
        Vmcb* vmcb = machine.Inner.Vmcb;
        int lane = size == 2 ? 2 : 0;
        vmcb->Rip = 0x1000;
        vmcb->Rax = before;
        vmcb->InterruptShadow = 1;
        vmcb->ExitCode = SvmExitCode.Io;
        vmcb->ExitInfo1 = (ulong)(0xCFC + lane) << 16 | (ulong)size << 4 | 1;
        vmcb->ExitInfo2 = 0x1001;
        Instructions.Processor = machine.Inner.Bootstrap;
        Assert.Equal(1u, SvmExit.TryPort(machine.Inner.Data, vmcb));
        Assert.Equal(after, vmcb->Rax);
        Assert.Equal(0x1001ul, vmcb->Rip);
        Assert.Equal(0ul, (ulong)vmcb->InterruptShadow);

        vmcb->RFlags |= 0x100; // traced: the long way raises #DB
        Assert.Equal(0u, SvmExit.TryPort(machine.Inner.Data, vmcb));
    }

    private static uint Calls(PciMachine machine) => machine.Inner.Machine->Traps->Mediators[0].Calls[(int)MediatorDoor.Port];

    private static ulong Passed(PciMachine machine) => machine.Inner.Machine->Traps->Configuration->Passed;

    private static PciBusModel Bus() => new PciBusModel().AddQ35(PciBusModel.DefaultWindow)
        .Add(2, 0, new PciFunctionModel(0x1234, 0x1111, 0x03_0000))
        .Add(3, 0, new PciFunctionModel(0x1B36, 0x000C, 0x06_0400).AsBridge(1, 3, (0, new PciFunctionModel(0x8086, 0x10D3, 0x02_0000))).Command(7))
        .Add(31, 0, new PciFunctionModel(0x8086, 0x2918, 0x06_0100));
}
