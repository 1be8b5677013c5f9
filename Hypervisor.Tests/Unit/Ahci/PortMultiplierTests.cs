using Hypervisor.Tests.Models.Ahci;
using Xunit;

namespace Hypervisor.Tests.Unit.Ahci;

/// <summary>Rules and disks behind a port multiplier.</summary>
public sealed class PortMultiplierTests
{
    private const ulong Data = 0x200_0000;

    private readonly AtaDisk[] _disks = [new(64) { Serial = "FREE" }, new(64) { Serial = "SECRET" }, new(64) { Serial = "OTHER" }];
    private readonly PortMultiplier _multiplier;

    public PortMultiplierTests() => _multiplier = new PortMultiplier([.. _disks]);

    [Fact]
    public void Each_disk_has_its_own_rules()
    {
        using MediatedAhciRig rig = Rig("rule = serial SECRET: readonly", "rule = port 0.2: deny");
        AhciDriver driver = Start(rig);
        Assert.True(driver.Execute(Write(0)).IsGood);
        Assert.True(driver.Execute(Read(1)).IsGood);
        Assert.True(driver.Execute(Write(1)).IsRefused);
        Assert.True(Recover(driver));
        Assert.True(driver.Execute(Read(2)).IsRefused);
        Assert.Single(_disks[0].Modifications);
        Assert.Empty(_disks[1].Modifications);
    }

    [Fact]
    public void Registers_of_the_multiplier_are_reached()
    {
        using MediatedAhciRig rig = Rig("rule = port 0: deny");
        AhciDriver driver = Start(rig);
        Assert.True(driver.Execute(Control(AtaCommand.ReadBuffer, 1)).IsGood);
        Assert.True(driver.Execute(Control(AtaCommand.WriteBuffer, 1)).IsGood);
        Assert.Equal(2, _multiplier.Executed.Count);
    }

    [Fact]
    public void A_disk_that_is_exchanged_is_known_by_its_own_serial_number()
    {
        using MediatedAhciRig rig = Rig("rule = serial HIDDEN: readonly");
        AhciDriver driver = Start(rig);
        Assert.True(driver.Execute(Write(0)).IsGood);
        AtaDisk hidden = new(64) { Serial = "HIDDEN" };
        _multiplier.Plug(0, hidden);
        Assert.True(driver.Execute(Control(AtaCommand.WriteBuffer, 0)).IsGood); // the guest takes note of it
        Assert.True(driver.Execute(Write(0)).IsRefused);
        Assert.Empty(hidden.Modifications);
    }

    [Fact]
    public void One_disk_is_asked_in_an_exit()
    {
        using MediatedAhciRig rig = Rig("rule = serial HIDDEN: readonly");
        AhciDriver driver = Start(rig);
        for (int i = 0; i < _disks.Length; i++)
        {
            driver.Prepare(i, Read(i));
        }

        driver.Issue(7, isQueued: false);
        Assert.Single(_disks, disk => disk.Executed.Contains(AtaCommand.Identify));
    }

    private static GuestCommand Read(int port) => new(new CommandFis(AtaCommand.ReadDmaExt, 5, 1, multiplierPort: port)) { Buffers = [(Data, 512)] };

    private static GuestCommand Write(int port) => new(new CommandFis(AtaCommand.WriteDmaExt, 5, 1, multiplierPort: port)) { Buffers = [(Data, 512)], IsWrite = true };

    /// <summary>Reads or writes a register of a port of the multiplier.</summary>
    private static GuestCommand Control(AtaCommand command, int port) => new(new CommandFis(command, device: (byte)port, multiplierPort: PortMultiplier.ControlPort));

    private static AhciDriver Start(MediatedAhciRig rig)
    {
        AhciDriver driver = new(rig, 0, 0x100_0000);
        driver.Start();
        driver.SetCommand(PortCommands.MultiplierAttached, PortCommands.None);
        return driver;
    }

    private static bool Recover(AhciDriver driver) => driver.Recover(wasQueued: false);

    private MediatedAhciRig Rig(params string[] options) =>
        new(AhciSubject.With(options), new AhciOptions { StepsPerRead = 1 }, controller => controller.Port(0).PlugAtPowerOn(_multiplier));
}
