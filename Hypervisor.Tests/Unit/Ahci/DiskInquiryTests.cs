using System;
using System.Linq;
using System.Text.RegularExpressions;
using Hypervisor.Tests.Models.Ahci;
using Xunit;

namespace Hypervisor.Tests.Unit.Ahci;

/// <summary>How the host finds out which disk is behind a port, and what holds while it does not know.</summary>
public sealed class DiskInquiryTests
{
    private const ulong Data = 0x200_0000;

    private readonly AtaDisk _disk = new(2048) { Serial = "SECRET" };

    public DiskInquiryTests() => new Random(5).NextBytes(_disk.Media);

    private static GuestCommand Read => new(new CommandFis(AtaCommand.ReadDmaExt, 5, 1)) { Buffers = [(Data, 512)] };

    private static GuestCommand Write => new(new CommandFis(AtaCommand.WriteDmaExt, 5, 1)) { Buffers = [(Data, 512)], IsWrite = true };

    private static GuestCommand SpinUp => new(new CommandFis(AtaCommand.SetFeatures, features: 7));

    [Theory]
    [InlineData("rule = serial SECRET: readonly")]
    [InlineData("rule = model MODEL HARDDISK: readonly")]
    public void A_disk_that_has_yet_to_spin_up_keeps_its_rules(string rule)
    {
        _disk.IsInStandby = true;
        using MediatedAhciRig rig = Rig(rule);
        AhciDriver driver = Start(rig);
        Assert.True(driver.Execute(Write).IsRefused);
        Assert.True(driver.Recover(wasQueued: false));
        Assert.True(driver.Execute(SpinUp).IsGood);
        Assert.True(driver.Execute(Write).IsRefused);
        Assert.Empty(_disk.Modifications);
    }

    [Fact]
    public void A_disk_that_has_spun_up_is_asked_again()
    {
        _disk.IsInStandby = true;
        using MediatedAhciRig rig = Rig("rule = serial OTHER: deny");
        AhciDriver driver = Start(rig);
        for (int i = 0; i < 5; i++)
        {
            Assert.True(driver.Execute(Read).IsRefused); // it may be the other one
            Assert.True(driver.Recover(wasQueued: false));
        }

        Assert.True(driver.Execute(SpinUp).IsGood);
        Assert.True(driver.Execute(Write).IsGood);
        Assert.NotEmpty(_disk.Modifications);
    }

    [Theory]
    [InlineData("SECRET", false)]
    [InlineData("SYSTEM", true)]
    public void An_error_that_is_left_standing_does_not_keep_a_disk_from_being_known(string serial, bool mayRead)
    {
        AtaDisk disk = new(2048) { Serial = serial };
        new Random(6).NextBytes(disk.Media);
        using MediatedAhciRig rig = Rig(disk, "rule = serial SYSTEM: readonly", "rule = serial SECRET: deny");
        AhciDriver driver = Start(rig);

        // A command fails; the port is stopped and started, the link reset, and nothing is acknowledged.
        driver.Prepare(0, new GuestCommand(new CommandFis(AtaCommand.Nop)));
        driver.Issue(1, isQueued: false);
        Assert.True(driver.WaitFor(() => (rig.Get(0, PortRegister.InterruptStatus) & (uint)PortInterrupts.TaskFileError) != 0));
        Assert.True(driver.ResetLink());
        driver.SetCommand(PortCommands.FisReceive, PortCommands.None);
        Assert.True(driver.WaitFor(() => (rig.Get(0, PortRegister.TaskFile) & (uint)(AtaStatus.Busy | AtaStatus.DataRequest)) == 0));
        driver.SetCommand(PortCommands.Start, PortCommands.None);
        Assert.NotEqual(0u, rig.Get(0, PortRegister.InterruptStatus) & (uint)PortInterrupts.TaskFileError);
        driver.Prepare(0, Read);
        driver.Issue(1, isQueued: false);
        _ = driver.WaitFor(() => driver.Pending() == 0);
        Assert.Equal(mayRead, rig.Ram(Data, 512).SequenceEqual(disk.Media.AsSpan(5 * 512, 512)));
        Assert.NotEqual(0u, rig.Get(0, PortRegister.InterruptStatus) & (uint)PortInterrupts.TaskFileError); // still there for the guest
    }

    [Fact]
    public void Without_a_port_multiplier_only_the_first_port_of_one_is_asked()
    {
        using MediatedAhciRig rig = Rig("rule = serial OTHER: deny");
        AhciDriver driver = Start(rig);
        _ = driver.Execute(new GuestCommand(new CommandFis(AtaCommand.FlushCache, multiplierPort: 3)));
        Assert.DoesNotContain(AtaCommand.Identify, _disk.Executed);
        Assert.True(driver.Execute(new GuestCommand(new CommandFis(AtaCommand.ReadDmaExt, 5, 1, multiplierPort: 3)) { Buffers = [(Data, 512)] }).IsRefused);
        Assert.True(driver.Recover(wasQueued: false));
        Assert.True(driver.Execute(Read).IsGood);
    }

    [Fact]
    public void A_link_that_is_reset_again_and_again_does_not_fill_the_log()
    {
        using MediatedAhciRig rig = Rig("rule = serial SECRET: readonly");
        AhciDriver driver = Start(rig);
        for (int i = 0; i < 10; i++)
        {
            Assert.True(driver.ResetLink());
            driver.Start();
            Assert.True(driver.Execute(Read).IsGood);
        }

        Assert.Equal(10, _disk.Executed.Count(c => c == AtaCommand.Identify));
        Assert.Single(Regex.Matches(rig.Log, "serial SECRET"));
    }

    private static AhciDriver Start(MediatedAhciRig rig)
    {
        AhciDriver driver = new(rig, 0, 0x100_0000);
        driver.Start();
        return driver;
    }

    private MediatedAhciRig Rig(params string[] options) => Rig(_disk, options);

    private static MediatedAhciRig Rig(AtaDisk disk, params string[] options) =>
        new(AhciSubject.With(options), new AhciOptions { StepsPerRead = 1 }, controller => controller.Port(0).PlugAtPowerOn(disk));
}
