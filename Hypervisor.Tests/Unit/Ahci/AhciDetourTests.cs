using System;
using System.Linq;
using Hypervisor.Core.Mediation;
using Hypervisor.Devices.Ahci;
using Hypervisor.Tests.Models.Ahci;
using Xunit;
using GuestFis = Hypervisor.Tests.Models.Ahci.CommandFis;

namespace Hypervisor.Tests.Unit.Ahci;

/// <summary>Ways around rules and checks that are none (M53 to M55, S1).</summary>
public sealed class AhciDetourTests
{
    private const ulong Work = 0x10_0000;
    private const ulong Data = 0x100_0000;
    private const int DriveMap = 0x90;
    private const int ClassCode = 0x09;

    [Theory]
    [InlineData("rule = port 1: readonly", false)]
    [InlineData("govern = all", true)]
    public void A_packet_that_would_come_from_the_buffers_is_judged_too(string option, bool isExecuted)
    {
        AtapiDrive drive = new(64, isWritable: true);
        using MediatedAhciRig rig = new(AhciSubject.With(option), new AhciOptions { StepsPerRead = 1 }, c => c.Port(1).PlugAtPowerOn(drive));
        AhciDriver driver = new(rig, 1, Work);
        driver.Start();
        byte[] write = [0x2A, 0, 0, 0, 0, 3, 0, 0, 1, 0, 0, 0];
        write.CopyTo(rig.Ram(Data, 16));
        GuestFis fis = new(AtaCommand.Packet, 0, 0, features: 1);
        _ = driver.Execute(new GuestCommand(fis) { Buffers = [(Data, 12), (Data + 0x1000, AtapiDrive.BlockSize)], IsWrite = true });
        Assert.Equal(isExecuted, drive.Packets.Contains(write[0]));
        Assert.Equal(isExecuted ? [write[0]] : [], drive.Modifications);
        Assert.Equal(isExecuted ? 0ul : 1ul, rig.Statistic("bad"));
    }

    [Fact]
    public void The_header_the_controller_gets_is_the_one_of_the_command_that_was_judged()
    {
        Random random = new(3);
        uint[] list = new uint[AhciCommandHeader.ListSize / sizeof(uint)];
        byte[] bytes = new byte[Hypervisor.Devices.Ahci.CommandFis.Size];
        for (int i = 0; i < 20_000; i++)
        {
            list[0] = (uint)random.NextInt64();
            random.NextBytes(bytes);
            Hypervisor.Devices.Ahci.CommandFis fis = new(bytes);
            DiskCommand command = DiskCommand.Read(fis);
            AhciCommandHeader theirs = AhciCommandHeader.Read(list, 0, has64Bits: true);
            AhciCommandHeader ours = theirs.As(command, fis.PortMultiplier);
            ours.Write(list, 0);
            const uint clearAndReset = (1u << 10) | (1u << 8);
            Assert.Equal(0u, list[0] & clearAndReset);
            Assert.Equal((5, fis.PortMultiplier, command.Kind == AtaCommandClass.Packet), (ours.FisLength, ours.PortMultiplier, ours.IsPacket));
            Assert.Equal(theirs.PrdtLength, ours.PrdtLength);
            Assert.False(ours.IsBist);
            if (command.HasSectors)
            {
                Assert.Equal(command.Access == DiskAccess.Write, ours.IsWrite);
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_command_issued_while_the_port_is_stopped_is_looked_at_before_it_starts(bool isBad)
    {
        AtaDisk disk = new(64);
        using MediatedAhciRig rig = new(AhciSubject.With(), new AhciOptions { KeepsIssueWhileStopped = true }, c => c.Port(0).PlugAtPowerOn(disk));
        AhciDriver driver = new(rig, 0, Work);
        driver.Start();
        _ = driver.Stop();
        driver.SetCommand(PortCommands.FisReceive, PortCommands.None);
        driver.Prepare(2, new GuestCommand(new GuestFis(AtaCommand.WriteDmaExt, 5, 1)) { Buffers = [(isBad ? rig.Memory.Host.Start : Data, 512)], IsWrite = true });
        driver.Issue(1 << 2, isQueued: false);
        driver.SetCommand(PortCommands.Start, PortCommands.None);
        rig.Controller.Settle();
        Assert.Empty(rig.Trespasses);
        Assert.Equal(isBad, (driver.GetCommand() & PortCommands.Start) == 0);
        Assert.Equal(isBad ? 0 : 1, disk.Modifications.Count);
        Assert.Equal(isBad ? 1ul : 0ul, rig.Statistic("bad"));
    }

    [Fact]
    public void A_port_that_the_controller_does_not_show_is_refused_where_a_rule_is_about_it()
    {
        AtaDisk disk = new(64);
        using MediatedAhciRig rig = new(AhciSubject.With("rule = port 5: deny"), new AhciOptions { Ports = 0x1F }, _ => { });
        Assert.Equal(uint.MaxValue, rig.Get(5, PortRegister.Command));
        Assert.NotEqual(uint.MaxValue, rig.Get(4, PortRegister.Command));
        rig.Put(5, PortRegister.CommandListBase, 0x1000);
        Assert.DoesNotContain(0x1000u, rig.Controller.Ports.Select(p => p.Get(PortRegister.CommandListBase)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_controller_does_not_become_one_of_parallel_ATA_where_rules_are(bool hasRules)
    {
        using MediatedAhciRig rig = new(hasRules ? AhciSubject.With("rule = port 0: readonly") : AhciSubject.With(), plug: c => c.Port(0).PlugAtPowerOn(new AtaDisk(64)));
        rig.Function.Writes.Clear();
        rig.Out(rig.Select(DriveMap), 2, 0);
        rig.Out(rig.Select(ClassCode), 1, 0x8A);
        Assert.Equal(hasRules ? 0 : 2, rig.Function.Writes.Count);
        rig.Out(rig.Select(DriveMap + 2), 2, 0x3F); // port control and status
        Assert.Equal(hasRules ? 1 : 3, rig.Function.Writes.Count);
        rig.Machine.Inner.Bootstrap.Outputs.Clear();
        rig.Out(0x1F7, 1, 0xEC);
        rig.Out(0x376, 1, 2);
        Assert.Equal(hasRules ? 0 : 2, rig.Machine.Inner.Bootstrap.Outputs.Count);
    }

    [Fact]
    public void No_access_reaches_the_index_and_the_data_register_at_once()
    {
        using MediatedAhciRig rig = new(AhciSubject.With(), plug: c => c.Port(0).PlugAtPowerOn(new AtaDisk(64)));
        ushort index = (ushort)(AhciFunction.PortBase + AhciFunction.PairOffset);
        rig.Out(index, 4, (uint)HostRegister.Ports + (uint)PortRegister.CommandIssue);
        rig.Out((ushort)(index + 2), 4, 0xFFFF_0000);
        Assert.Equal((uint)HostRegister.Ports + (uint)PortRegister.CommandIssue, rig.In(index, 4));
        Assert.Equal(uint.MaxValue, rig.In((ushort)(index + 2), 4));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Frames_are_received_where_they_were_until_receiving_has_ended(bool isGoverned)
    {
        using MediatedAhciRig rig = new(
            isGoverned ? AhciSubject.With("rule = port 0: readonly") : AhciSubject.With(), new AhciOptions { StopSteps = 50 }, c => c.Port(0).PlugAtPowerOn(new AtaDisk(64)));
        AhciDriver driver = new(rig, 0, Work);
        driver.Start();
        uint before = rig.Get(0, PortRegister.FisBase);
        driver.SetCommand(PortCommands.None, PortCommands.Start);
        Assert.True(driver.WaitFor(() => (driver.GetCommand() & PortCommands.ListRunning) == 0));
        driver.SetCommand(PortCommands.None, PortCommands.FisReceive);
        Assert.NotEqual(PortCommands.None, driver.GetCommand() & PortCommands.FisReceiveRunning);
        rig.Put(0, PortRegister.FisBase, (uint)rig.Memory.Host.Start);
        Assert.Equal(before, rig.Get(0, PortRegister.FisBase));
        Assert.True(driver.WaitFor(() => (driver.GetCommand() & PortCommands.FisReceiveRunning) == 0));
        rig.Put(0, PortRegister.FisBase, (uint)Data);
        Assert.Equal((uint)Data, rig.Get(0, PortRegister.FisBase));
        Assert.Equal(MediatorState.Attached, rig.Machine.State(1));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Switching_by_frames_is_not_offered_where_rules_are(bool hasRules)
    {
        const uint fisSwitching = 1 << 16;
        AhciOptions options = new() { TellsOfFisSwitching = true };
        using MediatedAhciRig rig = new(hasRules ? AhciSubject.With("rule = port 0: readonly") : AhciSubject.With(), options);
        Assert.Equal(hasRules ? 0 : fisSwitching, rig.Get(HostRegister.Capabilities) & fisSwitching);
    }
}
