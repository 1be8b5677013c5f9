using System;
using System.Linq;
using Hypervisor.Tests.Models.Ahci;
using Xunit;

namespace Hypervisor.Tests.Unit.Ahci;

/// <summary>Rules and commands that name their sectors, or what they do, in unusual ways.</summary>
public sealed class DiskCommandRuleTests
{
    private const ulong Data = 0x200_0000;

    private readonly AtaDisk _disk = new(2048);

    public DiskCommandRuleTests() => new Random(3).NextBytes(_disk.Media);

    [Theory]
    [InlineData(AtaCommand.WriteDmaExt)]
    [InlineData(AtaCommand.WriteSectorsExt)]
    [InlineData(AtaCommand.WriteFpdma)]
    public void A_range_is_not_reached_by_cylinder_and_head_in_a_long_command(AtaCommand command)
    {
        byte[] before = [.. _disk.Media];
        using MediatedAhciRig rig = Rig("rule = port 0, lba 0-99: readonly");
        AhciDriver driver = new(rig, 0, 0x100_0000);
        driver.Start();
        bool isQueued = command == AtaCommand.WriteFpdma;

        // Sector 0x1000005 as a number, which is outside; sector 4 of the first track as geometry.
        CommandFis fis = new(command, 0x100_0005, isQueued ? 0 : 1, isQueued ? 1 : 0, device: 0);
        Assert.True(driver.Execute(new GuestCommand(fis) { Buffers = [(Data, 512)], IsWrite = true }).IsRefused);
        Assert.Equal(1ul, rig.Statistic("refused"));
        Assert.Equal(before, _disk.Media);
    }

    [Fact]
    public void A_range_is_not_read_by_cylinder_and_head_in_a_long_command()
    {
        using MediatedAhciRig rig = Rig("rule = port 0, lba 0-99: deny");
        AhciDriver driver = new(rig, 0, 0x100_0000);
        driver.Start();
        CommandFis fis = new(AtaCommand.ReadDmaExt, 0x100_0005, 1, device: 0);
        Assert.True(driver.Execute(new GuestCommand(fis) { Buffers = [(Data, 512)] }).IsRefused);
        Assert.False(rig.Ram(Data, 512).SequenceEqual(_disk.Media.AsSpan(4 * 512, 512)));
    }

    [Theory]
    [InlineData(0x06)]
    [InlineData(0x09)]
    public void Settings_that_stay_in_the_drive_do_not_reach_it(int feature)
    {
        using MediatedAhciRig rig = Rig("rule = port 0: readonly");
        AhciDriver driver = new(rig, 0, 0x100_0000);
        driver.Start();
        Assert.True(driver.Execute(new GuestCommand(new CommandFis(AtaCommand.SetFeatures, features: feature))).IsRefused);
        Assert.DoesNotContain(AtaCommand.SetFeatures, _disk.Executed);
    }

    private MediatedAhciRig Rig(params string[] options) =>
        new(AhciSubject.With(options), new AhciOptions { StepsPerRead = 1 }, controller => controller.Port(0).PlugAtPowerOn(_disk));
}
