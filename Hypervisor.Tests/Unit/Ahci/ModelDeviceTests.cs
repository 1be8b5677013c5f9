using System;
using System.Buffers.Binary;
using System.Linq;
using System.Text;
using Hypervisor.Tests.Models.Ahci;
using Xunit;

namespace Hypervisor.Tests.Unit.Ahci;

/// <summary>The model of the controller: commands, data, devices (AHCI 1.3.1 §5, ATA8-ACS, SATA 3.0 §13).</summary>
public sealed class ModelDeviceTests : IDisposable
{
    private const ulong Work = 0x10_0000;
    private const ulong Data = 0x40_0000;

    private readonly AtaDisk _disk = new(4096);
    private readonly AtapiDrive _drive = new(64);
    private readonly BareAhciRig _rig;
    private readonly AhciDriver _driver;
    private readonly AhciDriver _packets;

    public ModelDeviceTests()
    {
        new Random(1).NextBytes(_disk.Media);
        new Random(2).NextBytes(_drive.Media);
        _rig = new BareAhciRig(null, c =>
        {
            c.Port(0).PlugAtPowerOn(_disk);
            c.Port(1).PlugAtPowerOn(_drive);
        });
        _driver = new AhciDriver(_rig, 0, Work);
        _packets = new AhciDriver(_rig, 1, Work + AhciDriver.WorkSize);
        _driver.Start();
        _packets.Start();
    }

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void A_disk_says_what_it_is()
    {
        GuestResult result = _driver.Execute(new GuestCommand(new CommandFis(AtaCommand.Identify)) { Buffers = [(Data, 512)] });
        Assert.True(result.IsGood);
        Assert.Equal(512, result.Count);
        Assert.Equal(PortInterrupts.PioSetup | PortInterrupts.DescriptorProcessed, _driver.Seen);
        Span<byte> data = _rig.Ram(Data, 512);
        Assert.Equal("MQ0000 1"u8.ToArray(), data.Slice(20, 8).ToArray());
        Assert.Equal(4096ul, BinaryPrimitives.ReadUInt64LittleEndian(data[200..]));
        Assert.Equal(0, data.ToArray().Sum(b => b) & 0xFF);
    }

    [Theory]
    [InlineData(AtaCommand.ReadDmaExt, AtaCommand.WriteDmaExt)]
    [InlineData(AtaCommand.ReadDmaExt, AtaCommand.WriteDmaFuaExt)]
    [InlineData(AtaCommand.ReadSectorsExt, AtaCommand.WriteSectorsExt)]
    [InlineData(AtaCommand.ReadMultipleExt, AtaCommand.WriteMultipleExt)]
    [InlineData(AtaCommand.ReadMultipleExt, AtaCommand.WriteMultipleFuaExt)]
    [InlineData(AtaCommand.ReadDma, AtaCommand.WriteDma)]
    [InlineData(AtaCommand.ReadSectors, AtaCommand.WriteSectors)]
    [InlineData(AtaCommand.ReadMultiple, AtaCommand.WriteMultiple)]
    public void What_is_written_is_on_the_medium_and_is_read_back(AtaCommand read, AtaCommand write)
    {
        (ulong, int)[] odd = [(Data + 2, 30), (Data + 0x2000, 5000), (Data + 0x1002, 2), (Data + 0x4FFE, 17 * 512)];
        (ulong, int)[] other = [(Data + 0x1_0000, 4), (Data + 0x1_0FFE, 20 * 512)];
        byte[] text = new byte[20 * 512];
        new Random(3).NextBytes(text);
        _driver.Scatter(odd, text);
        Assert.True(_driver.Execute(new GuestCommand(new CommandFis(write, 100, 20)) { Buffers = odd, IsWrite = true }).IsGood);
        Assert.Equal(text, _disk.Media.AsSpan(100 * 512, text.Length));
        GuestResult result = _driver.Execute(new GuestCommand(new CommandFis(read, 100, 20)) { Buffers = other }, slot: 5);
        Assert.True(result.IsGood);
        Assert.Equal(text.Length, result.Count);
        Assert.Equal(text, _driver.Gather(other)[..text.Length]);
    }

    [Fact]
    public void Queued_commands_end_in_any_order()
    {
        Random random = new(4);
        _rig.Controller.Choose = random.Next;
        System.Collections.Generic.List<int> order = [];
        for (int slot = 0; slot < 32; slot++)
        {
            _driver.Prepare(slot, new GuestCommand(new CommandFis(AtaCommand.ReadFpdma, (ulong)slot * 16, slot << 3, 16)) { Buffers = [(Data + ((ulong)slot * 0x2000), 16 * 512)] });
        }

        _driver.Issue(uint.MaxValue, isQueued: true);
        uint pending = uint.MaxValue;
        while (pending != 0)
        {
            Assert.True(_rig.Controller.Step());
            uint now = _driver.Pending();
            order.AddRange(Enumerable.Range(0, 32).Where(i => ((pending & ~now) >> i & 1) != 0));
            pending = now;
        }

        Assert.NotEqual(Enumerable.Range(0, 32), order);
        Assert.Equal(_disk.Media[..(32 * 16 * 512)], _rig.Ram(Data, 32 * 0x2000));
        Assert.Equal((uint)(PortInterrupts.SetDeviceBits | PortInterrupts.DescriptorProcessed), _rig.Get(0, PortRegister.InterruptStatus));
    }

    [Fact]
    public void A_failed_queued_command_takes_the_others_with_it_until_the_log_is_read()
    {
        _driver.Prepare(0, new GuestCommand(new CommandFis(AtaCommand.WriteFpdma, 0, 0 << 3, 8)) { Buffers = [(Data, 8 * 512)], IsWrite = true });
        _driver.Prepare(9, new GuestCommand(new CommandFis(AtaCommand.ReadFpdma, 0xFFFF_FFFF_FFFF, 9 << 3, 1)) { Buffers = [(Data, 512)] });
        _driver.Issue(1 << 9, isQueued: true);
        Assert.True(_driver.Await(1 << 9, 9).IsRefused);
        Assert.True(_driver.Seen.HasFlag(PortInterrupts.TaskFileError));
        Assert.Equal(1u << 9, _rig.Get(0, PortRegister.SataActive));
        _driver.Issue(1, isQueued: true);
        _rig.Controller.Settle();
        Assert.Equal(1u, _rig.Get(0, PortRegister.CommandIssue)); // nothing is issued behind an error
        _driver.Stop();
        _driver.Start();
        Assert.True(_driver.Execute(new GuestCommand(new CommandFis(AtaCommand.FlushCache))).IsRefused);
        Assert.True(_driver.Recover(wasQueued: true));
        Assert.Equal(9, _rig.Ram(Work + AhciDriver.WorkSize - 0x1000, 1)[0]);
        Assert.True(_driver.Execute(new GuestCommand(new CommandFis(AtaCommand.FlushCache))).IsGood);
        Assert.Empty(_disk.Modifications);
    }

    [Theory]
    [InlineData(0x00)]
    [InlineData(0xFF)]
    [InlineData(0xA0)]
    public void An_unknown_command_is_aborted_and_stops_the_port(int command)
    {
        GuestResult result = _driver.Execute(new GuestCommand(new CommandFis((AtaCommand)command)));
        Assert.True(result.IsRefused);
        Assert.Equal(AtaError.Abort, result.Error);
        Assert.Equal(1u, _rig.Get(0, PortRegister.CommandIssue));
        Assert.True(_driver.Recover(wasQueued: false));
        Assert.True(_driver.Execute(new GuestCommand(new CommandFis(AtaCommand.FlushCache))).IsGood);
    }

    [Theory]
    [InlineData(AtaCommand.ReadDmaExt, 4096, 1)]
    [InlineData(AtaCommand.WriteDmaExt, 4090, 7)]
    [InlineData(AtaCommand.ReadDmaExt, 0, 0)]
    public void What_is_not_on_the_medium_is_an_error(AtaCommand command, int lba, int count)
    {
        Assert.True(_driver.Execute(new GuestCommand(new CommandFis(command, (ulong)lba, count)) { Buffers = [(Data, 0x1000)], IsWrite = command == AtaCommand.WriteDmaExt }).IsRefused);
        Assert.Empty(_disk.Modifications);
    }

    [Fact]
    public void More_data_than_descriptors_is_an_overflow()
    {
        Assert.True(_driver.Execute(new GuestCommand(new CommandFis(AtaCommand.ReadDmaExt, 0, 4)) { Buffers = [(Data, 600)] }).IsGood);
        Assert.True(_driver.Seen.HasFlag(PortInterrupts.Overflow));
        Assert.Equal(_disk.Media[..600], _rig.Ram(Data, 600));
        Assert.Equal(0, _rig.Ram(Data + 600, 1)[0]);
    }

    [Fact]
    public void Memory_that_is_not_there_is_a_bus_error()
    {
        Assert.True(_driver.Execute(new GuestCommand(new CommandFis(AtaCommand.ReadDmaExt, 0, 4)) { Buffers = [(AhciRig.RamSize, 2048)] }).IsOver);
        Assert.True(_driver.Seen.HasFlag(PortInterrupts.HostBusFatal));
        Assert.True(_driver.Recover(wasQueued: false));
        Assert.True(_driver.Execute(new GuestCommand(new CommandFis(AtaCommand.FlushCache))).IsGood);
    }

    [Fact]
    public void A_software_reset_ends_with_the_signature()
    {
        Assert.True(_driver.Execute(new GuestCommand(CommandFis.Control(reset: true)) { ClearsBusy = true }).IsGood);
        Assert.True(_driver.Execute(new GuestCommand(CommandFis.Control(reset: false))).IsGood);
        Assert.Equal(0x0000_0101u, _rig.Get(0, PortRegister.Signature));
        Assert.Equal((byte)FisType.RegisterToHost, _driver.Frames[0x40]);
    }

    [Fact]
    public void Trimmed_sectors_are_zero()
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_rig.Ram(Data, 512), 7 | (3ul << 48));
        _rig.Ram(Data + 8, 504).Clear();
        Assert.True(_driver.Execute(new GuestCommand(new CommandFis(AtaCommand.DataSetManagement, 0, 1, 1)) { Buffers = [(Data, 512)], IsWrite = true }).IsGood);
        Assert.True(_disk.Media.AsSpan(7 * 512, 3 * 512).IndexOfAnyExcept((byte)0) < 0);
        Assert.NotEqual(0, _disk.Media.AsSpan(10 * 512, 512).IndexOfAnyExcept((byte)0) + 1);
    }

    [Fact]
    public void Cylinders_heads_and_sectors_are_sectors()
    {
        // Cylinder 1, head 2, sector 3 of a disk with 16 heads and 63 sectors.
        CommandFis fis = new(AtaCommand.ReadDma, 3 | (1 << 8), 1, device: 2);
        Assert.True(_driver.Execute(new GuestCommand(fis) { Buffers = [(Data, 512)] }).IsGood);
        Assert.Equal(_disk.Media.AsSpan(((((1 * 16) + 2) * 63) + 2) * 512, 512), _rig.Ram(Data, 512));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_drive_takes_packets(int features)
    {
        Assert.Equal(0xEB14_0101u, _rig.Get(1, PortRegister.Signature));
        GuestResult Send(byte[] packet, int length, bool isWrite = false) => _packets.Execute(new GuestCommand(new CommandFis(AtaCommand.Packet, 2048 << 8, features: features))
        {
            Packet = packet, Buffers = length == 0 ? [] : [(Data, length)], IsWrite = isWrite,
        });
        Assert.True(Send(new byte[12], 0).IsGood);
        Assert.True(Send([0x12, 0, 0, 0, 36, 0, 0, 0, 0, 0, 0, 0], 36).IsGood);
        Assert.Equal("MODEL DVD-ROM", Encoding.ASCII.GetString(_rig.Ram(Data + 16, 13)));
        Assert.True(Send([0x28, 0, 0, 0, 0, 5, 0, 0, 3, 0, 0, 0], 3 * 2048).IsGood);
        Assert.Equal(_drive.Media.AsSpan(5 * 2048, 3 * 2048), _rig.Ram(Data, 3 * 2048));
        Assert.True(Send([0xA8, 0, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0], 2048).IsGood);
        Assert.Equal(_drive.Media.AsSpan(9 * 2048, 2048), _rig.Ram(Data, 2048));
        Assert.True(Send([0x2A, 0, 0, 0, 0, 9, 0, 0, 1, 0, 0, 0], 2048, isWrite: true).IsRefused);
        Assert.True(_packets.Recover(wasQueued: false));
        Assert.True(Send([0x03, 0, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0], 18).IsGood);
        Assert.Equal(5, _rig.Ram(Data, 18)[2]);
        Assert.Empty(_drive.Modifications);
    }

    [Fact]
    public void A_command_that_is_stopped_half_way_leaves_the_device_busy_until_the_link_is_reset()
    {
        _rig.Ram(Data, 64 * 512).Fill(0xEE);
        _driver.Prepare(0, new GuestCommand(new CommandFis(AtaCommand.WriteDmaExt, 0, 64)) { Buffers = [(Data, 64 * 512)], IsWrite = true });
        _driver.Issue(1, isQueued: false);
        for (int i = 0; i < 4; i++)
        {
            _rig.Controller.Step();
        }

        Assert.Equal(0xEE, _disk.Media[0]);
        Assert.NotEqual(0xEE, _disk.Media[(64 * 512) - 1]);
        Assert.True(_driver.Recover(wasQueued: false));
        Assert.True(_driver.Execute(new GuestCommand(new CommandFis(AtaCommand.FlushCache))).IsGood);
    }

    [Fact]
    public void Sectors_of_four_kilobytes_are_counted_as_such()
    {
        AtaDisk disk = new(64, 4096);
        new Random(5).NextBytes(disk.Media);
        _rig.Controller.Port(2).PlugAtPowerOn(disk);
        AhciDriver driver = new(_rig, 2, Work + (2 * AhciDriver.WorkSize));
        driver.Start();
        Assert.True(driver.Execute(new GuestCommand(new CommandFis(AtaCommand.ReadDmaExt, 3, 2)) { Buffers = [(Data, 8192)] }).IsGood);
        Assert.Equal(disk.Media.AsSpan(3 * 4096, 8192), _rig.Ram(Data, 8192));
    }
}
