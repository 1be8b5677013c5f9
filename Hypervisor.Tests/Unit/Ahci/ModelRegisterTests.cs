using System;
using Hypervisor.Tests.Models.Ahci;
using Xunit;

namespace Hypervisor.Tests.Unit.Ahci;

/// <summary>The model of the controller: its registers (AHCI 1.3.1 §3).</summary>
public sealed class ModelRegisterTests : IDisposable
{
    private readonly BareAhciRig _rig = new(null, c => c.Port(0).PlugAtPowerOn(new AtaDisk(64)));

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void Capabilities_version_and_ports_can_only_be_read()
    {
        foreach (HostRegister register in new[] { HostRegister.Capabilities, HostRegister.PortsImplemented, HostRegister.Version })
        {
            uint before = _rig.Get(register);
            _rig.Put(register, ~before);
            Assert.Equal(before, _rig.Get(register));
        }

        Assert.Equal(0x0001_0301u, _rig.Get(HostRegister.Version));
        Assert.Equal(0x3Fu, _rig.Get(HostRegister.PortsImplemented));
        Assert.Equal(5u, _rig.Get(HostRegister.Capabilities) & 0x1F);
        Assert.Equal(31u, _rig.Get(HostRegister.Capabilities) >> 8 & 0x1F);
    }

    [Fact]
    public void Addresses_of_lists_and_areas_are_aligned()
    {
        _rig.Put(0, PortRegister.CommandListBase, 0xFFFF_FFFF);
        _rig.Put(0, PortRegister.FisBase, 0xFFFF_FFFF);
        Assert.Equal(0xFFFF_FC00u, _rig.Get(0, PortRegister.CommandListBase));
        Assert.Equal(0xFFFF_FF00u, _rig.Get(0, PortRegister.FisBase));
    }

    [Fact]
    public void A_narrow_write_changes_the_bytes_it_names()
    {
        _rig.Put(0, PortRegister.CommandListBase, 0x1234_5400);
        _rig.Write(AhciFunction.RegisterBase + 0x102, 1, 0xAB);
        Assert.Equal(0x12AB_5400u, _rig.Get(0, PortRegister.CommandListBase));
        _rig.Write(AhciFunction.RegisterBase + 0x100, 8, 0x0000_0001_2345_6000);
        Assert.Equal(0x0000_0001_2345_6000ul, _rig.Read(AhciFunction.RegisterBase + 0x100, 8));
        Assert.Equal(0x45u, _rig.Read(AhciFunction.RegisterBase + 0x102, 1));
    }

    [Fact]
    public void A_missing_port_reads_zero_and_takes_nothing()
    {
        _rig.Put(7, PortRegister.CommandListBase, 0x1000);
        Assert.Equal(0u, _rig.Get(7, PortRegister.CommandListBase));
        Assert.Equal(0u, _rig.Get(7, PortRegister.SataStatus));
    }

    [Fact]
    public void Slots_are_taken_only_while_the_port_is_started()
    {
        _rig.Put(0, PortRegister.CommandIssue, 1);
        _rig.Put(0, PortRegister.SataActive, 1);
        Assert.Equal(0u, _rig.Get(0, PortRegister.CommandIssue) | _rig.Get(0, PortRegister.SataActive));
    }

    [Fact]
    public void Stopping_clears_slots_at_once_and_the_running_bit_later()
    {
        AhciDriver driver = new(_rig, 0, 0x10_0000);
        driver.Start();
        driver.Prepare(3, new GuestCommand(new CommandFis(AtaCommand.FlushCache)));
        driver.Issue(8, isQueued: false);
        Assert.Equal(8u, _rig.Get(0, PortRegister.CommandIssue));
        driver.SetCommand(PortCommands.None, PortCommands.Start);
        Assert.Equal(0u, _rig.Get(0, PortRegister.CommandIssue));
        Assert.Equal(PortCommands.ListRunning, driver.GetCommand() & PortCommands.ListRunning);
        _rig.Controller.Settle();
        Assert.Equal(PortCommands.None, driver.GetCommand() & PortCommands.ListRunning);
    }

    [Fact]
    public void Status_bits_are_cleared_by_ones_and_the_interrupt_follows_them()
    {
        AhciDriver driver = new(_rig, 0, 0x10_0000);
        driver.Start();
        driver.Prepare(0, new GuestCommand(new CommandFis(AtaCommand.FlushCache)));
        driver.Issue(1, isQueued: false);
        _rig.Controller.Settle();
        Assert.Equal((uint)PortInterrupts.DeviceToHost, _rig.Get(0, PortRegister.InterruptStatus));
        Assert.Equal(1u, _rig.Get(HostRegister.InterruptStatus));
        Assert.True(_rig.IsInterrupting);
        _rig.Put(HostRegister.InterruptStatus, 1);
        Assert.Equal(1u, _rig.Get(HostRegister.InterruptStatus)); // PxIS is still set
        _rig.Put(0, PortRegister.InterruptStatus, (uint)PortInterrupts.DeviceToHost);
        Assert.True(_rig.IsInterrupting);
        _rig.Put(HostRegister.InterruptStatus, 1);
        Assert.False(_rig.IsInterrupting);
    }

    [Fact]
    public void Interrupts_that_are_not_enabled_stay_in_the_port()
    {
        AhciDriver driver = new(_rig, 0, 0x10_0000);
        driver.Start();
        _rig.Put(0, PortRegister.InterruptEnable, 0);
        driver.Prepare(0, new GuestCommand(new CommandFis(AtaCommand.FlushCache)));
        driver.Issue(1, isQueued: false);
        _rig.Controller.Settle();
        Assert.Equal((uint)PortInterrupts.DeviceToHost, _rig.Get(0, PortRegister.InterruptStatus));
        Assert.Equal(0u, _rig.Get(HostRegister.InterruptStatus));
    }

    [Fact]
    public void A_reset_of_the_controller_keeps_addresses_and_forgets_the_rest()
    {
        AhciDriver driver = new(_rig, 0, 0x10_0000);
        driver.Start();
        _rig.Put(HostRegister.Control, (uint)(HostControl.AhciEnable | HostControl.Reset));
        Assert.NotEqual(0u, _rig.Get(HostRegister.Control) & (uint)HostControl.Reset);
        _rig.Controller.Settle();
        Assert.Equal((uint)HostControl.AhciEnable, _rig.Get(HostRegister.Control));
        Assert.Equal(0x10_0000u, _rig.Get(0, PortRegister.CommandListBase));
        Assert.Equal(PortCommands.SpinUp | PortCommands.PowerOn, driver.GetCommand());
        Assert.Equal(0x123u, _rig.Get(0, PortRegister.SataStatus));
        driver.Start();
        Assert.True(driver.Execute(new GuestCommand(new CommandFis(AtaCommand.FlushCache))).IsGood);
    }

    [Fact]
    public void A_reset_of_the_link_ends_with_the_signature()
    {
        AhciDriver driver = new(_rig, 0, 0x10_0000);
        driver.Start();
        Assert.True(driver.ResetLink());
        Assert.NotEqual(0u, _rig.Get(0, PortRegister.InterruptStatus) & (uint)PortInterrupts.ConnectChange);
        _rig.Put(0, PortRegister.SataError, 1 << 26);
        Assert.Equal(0u, _rig.Get(0, PortRegister.InterruptStatus) & (uint)PortInterrupts.ConnectChange);
        _rig.Controller.Settle();
        Assert.Equal(0x0000_0101u, _rig.Get(0, PortRegister.Signature));
        Assert.Equal((uint)AtaStatus.Idle | 0x100, _rig.Get(0, PortRegister.TaskFile));
    }

    [Fact]
    public void Plugging_out_and_in_is_seen()
    {
        AhciDriver driver = new(_rig, 0, 0x10_0000);
        driver.Start();
        _rig.Controller.Port(0).Unplug();
        Assert.Equal(0u, _rig.Get(0, PortRegister.SataStatus));
        Assert.Equal(0x7Fu, _rig.Get(0, PortRegister.TaskFile));
        Assert.NotEqual(0u, _rig.Get(0, PortRegister.InterruptStatus) & (uint)PortInterrupts.PhyReadyChange);
        Assert.True(_rig.IsInterrupting);
        _rig.Controller.Port(0).Plug(new AtapiDrive(16));
        _rig.Controller.Settle();
        Assert.Equal(0xEB14_0101u, _rig.Get(0, PortRegister.Signature));
    }

    [Fact]
    public void The_pair_among_the_ports_and_the_one_in_configuration_space_reach_the_same_registers()
    {
        using BareAhciRig rig = new(null, null, pairInConfiguration: true);
        ushort pair = AhciFunction.PortBase + AhciFunction.PairOffset;
        rig.Out(pair, 4, 0x100);
        rig.Out((ushort)(pair + 4), 4, 0x5555_5400);
        Assert.Equal(0x5555_5400u, rig.Get(0, PortRegister.CommandListBase));
        rig.Out(rig.Select(AhciFunction.ConfigurationPair), 4, 0x10);
        Assert.Equal(0x0001_0301u, rig.In(rig.Select(AhciFunction.ConfigurationPair + 4), 4));
        Assert.Equal(0x10u, rig.In(pair, 4));
        rig.Out(rig.Select(AhciFunction.ConfigurationPair), 4, 0x100);
        rig.Out((ushort)(rig.Select(AhciFunction.ConfigurationPair + 4) + 1), 1, 0xAC);
        Assert.Equal(0x5555_AC00u, rig.Get(0, PortRegister.CommandListBase));
    }
}
