using System;
using Hypervisor.Core.Mediation;
using Hypervisor.Tests.Models.Ahci;
using Hypervisor.Tests.Unit.Acpi;
using Xunit;

namespace Hypervisor.Tests.Unit.Ahci;

/// <summary>No command reaches the host's memory (M52), with and without rules.</summary>
public sealed class AhciHostMemoryTests
{
    private const ulong Work = 0x10_0000;
    private const ulong Data = 0x100_0000;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_buffer_in_the_hosts_memory_is_not_filled_and_others_are(bool isGoverned)
    {
        AtaDisk disk = new(64);
        new Random(1).NextBytes(disk.Media);
        using MediatedAhciRig rig = Rig(isGoverned, disk);
        AhciDriver driver = new(rig, 0, Work);
        driver.Start();
        (ulong start, ulong end) = rig.Memory.Host;
        (ulong, int)[][] bad = [[(start, 512)], [(start - 256, 512)], [(end - 256, 512)], [(Data, 256), (start + 0x1_0000, 256)], [(start - 0x1000, 0x40_0000)]];
        foreach ((ulong, int)[] buffers in bad)
        {
            driver.Prepare(3, new GuestCommand(new CommandFis(AtaCommand.ReadDmaExt, 0, 1)) { Buffers = buffers });
            driver.Issue(1 << 3, isQueued: false);
            rig.Controller.Settle();
            Assert.Empty(rig.Trespasses);
            driver.Recover(wasQueued: false);
            Assert.True(driver.Execute(new GuestCommand(new CommandFis(AtaCommand.ReadDmaExt, 7, 1)) { Buffers = [(Data, 512)] }).IsGood);
            Assert.True(rig.Ram(Data, 512).SequenceEqual(disk.Media.AsSpan(7 * 512, 512)));
        }

        Assert.Equal(MediatorState.Attached, rig.Machine.State(1));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Frames_are_not_received_in_the_hosts_memory(bool isGoverned)
    {
        using MediatedAhciRig rig = Rig(isGoverned, new AtaDisk(64));
        AhciDriver driver = new(rig, 0, Work);
        driver.Start();
        driver.Stop();
        rig.Put(0, PortRegister.FisBase, (uint)rig.Memory.Host.Start + 0x2000);
        driver.SetCommand(PortCommands.FisReceive, PortCommands.None);
        driver.SetCommand(PortCommands.Start, PortCommands.None);
        driver.Prepare(0, new GuestCommand(new CommandFis(AtaCommand.FlushCache)));
        driver.Issue(1, isQueued: false);
        rig.Controller.Settle();
        Assert.Empty(rig.Trespasses);
        driver.Start();
        Assert.True(driver.Execute(new GuestCommand(new CommandFis(AtaCommand.FlushCache))).IsGood);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_command_list_in_the_hosts_memory_is_not_used(bool isGoverned)
    {
        using MediatedAhciRig rig = Rig(isGoverned, new AtaDisk(64));
        AhciDriver driver = new(rig, 0, Work);
        driver.Start();
        driver.Stop();
        rig.Put(0, PortRegister.CommandListBase, (uint)rig.Memory.Host.Start + 0x2000);
        driver.SetCommand(PortCommands.FisReceive, PortCommands.None);
        driver.SetCommand(PortCommands.Start, PortCommands.None);
        driver.Issue(1, isQueued: false);
        rig.Controller.Settle();
        Assert.Empty(rig.Trespasses);
        Assert.Equal((uint)rig.Memory.Host.Start + 0x2000, rig.Get(0, PortRegister.CommandListBase));
        driver.Start();
        Assert.True(driver.Execute(new GuestCommand(new CommandFis(AtaCommand.FlushCache))).IsGood);
    }

    [Fact]
    public void A_command_that_changes_while_it_is_executed_is_executed_as_it_was_checked()
    {
        AtaDisk disk = new(256);
        new Random(1).NextBytes(disk.Media);
        byte[] before = [.. disk.Media];
        using MediatedAhciRig rig = Rig(isGoverned: true, disk);
        AhciDriver driver = new(rig, 0, Work);
        driver.Start();
        driver.Prepare(0, new GuestCommand(new CommandFis(AtaCommand.ReadDmaExt, 0, 200)) { Buffers = [(Data, 0x1_0000), (Data + 0x2_0000, 200 * 512)] });
        driver.Issue(1, isQueued: false);
        driver.Prepare(0, new GuestCommand(new CommandFis(AtaCommand.WriteDmaExt, 0, 200)) { Buffers = [(rig.Memory.Host.Start, 0x1_0000), (rig.Memory.Host.Start, 200 * 512)], IsWrite = true });
        GuestResult result = driver.Await(1, 0);
        Assert.True(result.IsGood, $"{result} {rig.Log}");
        Assert.Empty(rig.Trespasses);
        Assert.Equal(before, disk.Media);
    }

    [Theory]
    [InlineData("DMAR", false, true)]
    [InlineData("IVRS", false, true)]
    [InlineData("HIDE", false, false)]
    [InlineData("DMAR", true, false)]
    public void With_an_IOMMU_for_the_guest_watched_commands_are_passed_on_wherever_they_point(string table, bool isGoverned, bool isPassed)
    {
        AtaDisk disk = new(64);
        using MediatedAhciRig rig = Rig(isGoverned, disk, FakeTableMemory.Table(table, 1));
        AhciDriver driver = new(rig, isGoverned ? 1 : 0, Work);
        driver.Start();
        ulong start = rig.Memory.Host.Start;
        driver.Prepare(3, new GuestCommand(new CommandFis(AtaCommand.WriteDmaExt, 5, 1)) { Buffers = [(start, 512)], IsWrite = true });
        driver.Issue(1 << 3, isQueued: false);
        rig.Controller.Settle();
        driver.Acknowledge();
        Assert.Equal(isPassed ? [(start, 512, false)] : [], rig.Trespasses);
        Assert.Equal(isPassed, rig.Log.Contains("they are counted, not checked", StringComparison.Ordinal));
        Assert.Equal(isPassed ? (1ul, 1ul, 0ul) : (0ul, 0ul, 1ul), (rig.Statistic("commands"), rig.Statistic("completed"), rig.Statistic("bad")));
        Assert.Equal(isGoverned, rig.Log.Contains("set acpi.iommu = hide", StringComparison.Ordinal));
    }

    private static MediatedAhciRig Rig(bool isGoverned, AtaDisk disk, byte[]? table = null) =>
        new(isGoverned ? AhciSubject.With("rule = port 0: readonly") : AhciSubject.With(), new AhciOptions { StepsPerRead = isGoverned ? 1 : 0 }, c => Plug(c, disk), table: table);

    private static void Plug(AhciController controller, AtaDisk disk)
    {
        controller.Port(0).PlugAtPowerOn(disk);
        controller.Port(1).PlugAtPowerOn(new AtaDisk(64));
    }
}
