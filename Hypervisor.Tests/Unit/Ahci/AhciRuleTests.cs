using System;
using System.Collections.Generic;
using System.Linq;
using Hypervisor.Core.Mediation;
using Hypervisor.Tests.Models.Ahci;
using Xunit;

namespace Hypervisor.Tests.Unit.Ahci;

/// <summary>What rules promise, whatever the guest does (M53 to M55).</summary>
public sealed class AhciRuleTests
{
    private const int Sectors = 2048;

    private readonly AtaDisk _disk = new(Sectors) { Serial = "QM00005" };
    private readonly AtapiDrive _drive = new(64, isWritable: true);
    private readonly AtaDisk _large = new(512, 4096) { Serial = "QM00007", Model = "OTHER DISK" };

    public AhciRuleTests()
    {
        Random random = new(8);
        new List<byte[]> { _disk.Media, _drive.Media, _large.Media }.ForEach(random.NextBytes);
    }

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, Fuzz.Rounds(2))];

    [Theory]
    [InlineData("port 0", 1)]
    [InlineData("port 0", 2)]
    [InlineData("serial QM00005", 3)]
    [InlineData("model MODEL HARDDISK", 4)]
    [InlineData("at 00:1f.2, port 0", 5)]
    public void A_disk_that_may_only_be_read_refuses_writes_and_serves_reads(string selector, int seed)
    {
        byte[] before = [.. _disk.Media];
        using MediatedAhciRig rig = Rig(seed, $"rule = {selector}: readonly");
        DiskWorkload workload = new(rig, 0, new DiskView(_disk) { Allows = (_, _, isWrite) => !isWrite, AllowsOther = c => c != AtaCommand.DataSetManagement }, seed);
        workload.Run(80);
        workload.ReadAll();
        AssertFine(rig, workload);
        Assert.Empty(_disk.Modifications);
        Assert.True(before.AsSpan().SequenceEqual(_disk.Media));
        AssertOtherDiskIsFree(rig, seed);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(2, 2)]
    public void Governed_without_a_rule_everything_is_served(int port, int seed)
    {
        AtaDisk disk = port == 0 ? _disk : _large;
        using MediatedAhciRig rig = Rig(seed, "govern = all");
        DiskWorkload workload = new(rig, port, new DiskView(disk), seed);
        workload.Run(90);
        workload.ReadAll(32);
        AssertFine(rig, workload);
    }

    [Theory]
    [InlineData("readonly", 1)]
    [InlineData("readonly", 2)]
    [InlineData("deny", 3)]
    [InlineData("deny", 4)]
    public void Sectors_of_a_range_are_refused_and_others_served(string action, int seed)
    {
        const int first = 500;
        const int last = 899;
        byte[] before = [.. _disk.Media];
        bool deny = action == "deny";
        using MediatedAhciRig rig = Rig(seed, $"rule = serial QM00005, lba {first}-{last}: {action}");
        DiskWorkload workload = new(
            rig, 0,
            new DiskView(_disk)
            {
                Allows = (lba, count, isWrite) => (!deny && !isWrite) || lba > last || lba + (ulong)count <= first,
                AllowsOther = c => c != AtaCommand.DataSetManagement,
            },
            seed);
        workload.Run(90);
        AssertFine(rig, workload);
        Assert.True(before.AsSpan(first * 512, (last - first + 1) * 512).SequenceEqual(_disk.Media.AsSpan(first * 512, (last - first + 1) * 512)));
        Assert.NotEmpty(_disk.Modifications);
        AssertOtherDiskIsFree(rig, seed);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Whatever_a_guest_does_nothing_that_may_only_be_read_changes(int seed)
    {
        byte[][] before = [[.. _disk.Media], [.. _drive.Media], [.. _large.Media]];
        using MediatedAhciRig rig = Rig(seed, "rule = port 0: readonly", "rule = port 1: readonly", "rule = port 2: readonly");
        Rage(rig, seed);
        Assert.Empty(_disk.Modifications.Concat(_large.Modifications));
        Assert.Empty(_drive.Modifications);
        Assert.True(before[0].AsSpan().SequenceEqual(_disk.Media));
        Assert.True(before[1].AsSpan().SequenceEqual(_drive.Media));
        Assert.True(before[2].AsSpan().SequenceEqual(_large.Media));
        Calm(rig, seed, new DiskView(_disk) { Allows = (_, _, isWrite) => !isWrite, AllowsOther = c => c != AtaCommand.DataSetManagement });
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Whatever_a_guest_does_no_sector_that_is_denied_is_touched(int seed)
    {
        for (int i = 0; i < Sectors; i++)
        {
            _disk.Media.AsSpan(i * 512, 512).Fill(i >= 1024 ? (byte)0xA7 : (byte)0x11);
        }

        using MediatedAhciRig rig = Rig(seed, "rule = port 0, lba 1024-: deny", "rule = port 1: readonly", "rule = port 2: deny");
        Rage(rig, seed);
        Assert.True(_disk.Media.AsSpan(1024 * 512).IndexOfAnyExcept((byte)0xA7) < 0);
        Assert.Empty(_large.Modifications);
        Span<byte> row = stackalloc byte[64];
        row.Fill(0xA7);
        Assert.True(rig.Ram(0x100_0000, 0x300_0000).IndexOf(row) < 0);
    }

    [Theory]
    [InlineData(0, 256, 0, 1)]
    [InlineData(0, 128, 0, 2)]
    [InlineData(0, 256, 700, 3)]
    [InlineData(2, 256, 0, 4)]
    [InlineData(2, 256, 100, 5)]
    public void What_is_encrypted_reads_back_and_the_medium_holds_the_ciphertext(int port, int bits, int first, int seed)
    {
        AtaDisk disk = port == 0 ? _disk : _large;
        byte[] key = Key(bits, seed);
        ulong last = first == 0 ? ulong.MaxValue : (ulong)first + 199;
        string range = first == 0 ? "" : $", lba {first}-{last}";
        using EncryptedRange encrypted = new(disk, key, (ulong)first, last);
        using MediatedAhciRig rig = Rig(seed, $"key = main, aes-xts-{bits}, hex {Convert.ToHexString(key)}", $"rule = port {port}{range}: encrypt main");
        DiskView view = new(disk, encrypted.Decode);
        DiskWorkload workload = new(rig, port, view, seed);
        workload.Run(90);
        workload.ReadAll(32);
        AssertFine(rig, workload);
        Assert.True(encrypted.Encode(0, view.Contents).AsSpan().SequenceEqual(disk.Media));
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 2)]
    public void A_command_longer_than_the_pool_is_one_command_to_the_guest(bool queued, int seed)
    {
        AtaDisk disk = new(16384);
        byte[] key = Key(256, seed);
        using EncryptedRange encrypted = new(disk, key);
        using MediatedAhciRig rig = Rig(seed, disk, $"key = main, aes-xts-256, hex {Convert.ToHexString(key)}", "rule = port 0: encrypt main");
        DiskView view = new(disk, encrypted.Decode);
        AhciDriver driver = new(rig, 0, 0x100_0000);
        driver.Start();
        byte[] data = new byte[16000 * 512];
        new Random(seed).NextBytes(data);
        (ulong Address, int Length)[] buffers = [(0x200_0002, 0x10_0000 - 2), (0x280_0000, 30), (0x300_0000, 0x40_0000), (0x400_0000, 0x30_0000)];
        driver.Scatter(buffers, data);
        GuestCommand write = new(queued ? new CommandFis(AtaCommand.WriteFpdma, 7, 4 << 3, 16000) : new CommandFis(AtaCommand.WriteDmaExt, 7, 16000)) { Buffers = buffers, IsWrite = true };
        GuestResult result = driver.Execute(write, 4);
        Assert.True(result.IsGood, $"{result} {rig.Log}");
        Assert.True(queued || result.Count == data.Length, $"{result}");
        Assert.True(encrypted.Encode(7, data).AsSpan().SequenceEqual(disk.Media.AsSpan(7 * 512, data.Length)));
        buffers.ToList().ForEach(b => rig.Ram(b.Address, b.Length).Clear());
        GuestCommand read = new(queued ? new CommandFis(AtaCommand.ReadFpdma, 7, 4 << 3, 16000) : new CommandFis(AtaCommand.ReadDmaExt, 7, 16000)) { Buffers = buffers };
        result = driver.Execute(read, 4);
        Assert.True(result.IsGood, $"{result} {rig.Controller.Port(0)} {rig.Log}");
        Assert.True(data.AsSpan().SequenceEqual(driver.Gather(buffers).AsSpan(0, data.Length)));
        Assert.Equal(2ul * 16000, rig.Statistic("encrypted sectors"));
        Assert.Empty(rig.Trespasses);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Whatever_a_guest_does_an_encrypted_disk_goes_on_working(int seed)
    {
        byte[] key = Key(256, seed);
        using EncryptedRange encrypted = new(_disk, key, 0, 999);
        using MediatedAhciRig rig = Rig(
            seed, $"key = main, aes-xts-256, hex {Convert.ToHexString(key)}", "rule = port 0, lba 0-999: encrypt main", "rule = port 1: readonly", "rule = port 2: encrypt main");
        Rage(rig, seed);
        Calm(rig, seed, new DiskView(_disk, encrypted.Decode));
    }

    [Fact]
    public void A_port_that_firmware_has_left_running_is_taken_over()
    {
        const uint list = 0x100_0000;
        byte[] before = [.. _disk.Media];
        AhciOptions options = new() { StepsPerRead = 1 };
        using MediatedAhciRig rig = new(AhciSubject.With("rule = port 0: readonly"), options, controller =>
        {
            Plug(controller);
            controller.Port(0).Put(PortRegister.CommandListBase, list, uint.MaxValue);
            controller.Port(0).Put(PortRegister.FisBase, list + 0x400, uint.MaxValue);
            controller.Port(0).Put(PortRegister.Command, (uint)(PortCommands.FisReceive | PortCommands.Start), uint.MaxValue);
            controller.Settle();
        });
        Assert.Equal(list, rig.Get(0, PortRegister.CommandListBase));
        AhciDriver driver = new(rig, 0, list);
        Assert.True(driver.Execute(new GuestCommand(new CommandFis(AtaCommand.ReadDmaExt, 5, 2)) { Buffers = [(0x200_0000, 1024)] }).IsGood);
        Assert.True(rig.Ram(0x200_0000, 1024).SequenceEqual(_disk.Media.AsSpan(5 * 512, 1024)));
        Assert.True(driver.Execute(new GuestCommand(new CommandFis(AtaCommand.WriteDmaExt, 5, 2)) { Buffers = [(0x200_0000, 1024)], IsWrite = true }).IsRefused);
        Assert.True(before.AsSpan().SequenceEqual(_disk.Media));
    }

    [Fact]
    public void A_disk_that_is_exchanged_is_known_by_its_own_serial_number()
    {
        using MediatedAhciRig rig = Rig(1, "rule = serial QM00005: readonly");
        AhciDriver driver = new(rig, 0, 0x100_0000);
        driver.Start();
        GuestCommand write = new(new CommandFis(AtaCommand.WriteDmaExt, 5, 1)) { Buffers = [(0x200_0000, 512)], IsWrite = true };
        Assert.True(driver.Execute(write).IsRefused);
        AtaDisk other = new(64) { Serial = "QM00009" };
        rig.Controller.Port(0).Unplug();
        rig.Controller.Settle();
        rig.Controller.Port(0).Plug(other);
        driver.Start();
        Assert.True(driver.Execute(write).IsGood);
        rig.Controller.Port(0).Unplug();
        rig.Controller.Settle();
        rig.Controller.Port(0).Plug(_disk);
        driver.Start();
        Assert.True(driver.Execute(write).IsRefused);
        Assert.Empty(_disk.Modifications);
    }

    private static byte[] Key(int bits, int seed)
    {
        byte[] key = new byte[bits / 4];
        new Random(seed + 1000).NextBytes(key);
        return key;
    }

    private static void AssertFine(MediatedAhciRig rig, DiskWorkload workload)
    {
        Assert.True(workload.Problems.Count == 0, $"{string.Join('\n', workload.Problems)}\n{rig.Log}");
        Assert.Empty(rig.Trespasses);
        Assert.Equal(MediatorState.Attached, rig.Machine.State(1));
    }

    /// <summary>A guest that does not behave, and does its worst.</summary>
    private static void Rage(MediatedAhciRig rig, int seed)
    {
        AhciChaos chaos = new(rig, 3, seed, rig.Memory.Host) { IsUntimely = true, Meddles = seed % 2 == 0 };
        chaos.Run(600);
        Assert.Empty(rig.Trespasses);
        Assert.True(rig.Machine.State(1) == MediatorState.Attached, rig.Log);
    }

    /// <summary>Then one that behaves: the controller is reset, everything is where it belongs.</summary>
    private static void Calm(MediatedAhciRig rig, int seed, DiskView view)
    {
        rig.Out(rig.Select(0x24), 4, (uint)AhciFunction.RegisterBase);
        rig.Out(rig.Select(4), 2, 0x0407);
        rig.Put(HostRegister.Control, (uint)(HostControl.AhciEnable | HostControl.Reset));
        rig.Controller.Settle();
        DiskWorkload workload = new(rig, 0, view, seed);
        workload.Run(60);
        AssertFine(rig, workload);
    }

    /// <summary>A disk that no rule names can be written.</summary>
    private void AssertOtherDiskIsFree(MediatedAhciRig rig, int seed)
    {
        DiskWorkload workload = new(rig, 2, new DiskView(_large), seed);
        workload.Run(30);
        AssertFine(rig, workload);
    }

    private MediatedAhciRig Rig(int seed, params string[] options) => Rig(seed, _disk, options);

    private MediatedAhciRig Rig(int seed, AtaDisk disk, params string[] options)
    {
        AhciOptions model = new() { StepsPerRead = 1, KeepsIssueWhileStopped = seed % 3 == 1, HasByteEnables = seed % 2 == 0, BlocksAtOnce = 16 };
        MediatedAhciRig rig = new(AhciSubject.With(options), model, c =>
        {
            Plug(c);
            c.Port(0).PlugAtPowerOn(disk);
        });
        rig.Controller.Choose = new Random(seed).Next;
        return rig;
    }

    private void Plug(AhciController controller)
    {
        controller.Port(0).PlugAtPowerOn(_disk);
        controller.Port(1).PlugAtPowerOn(_drive);
        controller.Port(2).PlugAtPowerOn(_large);
    }
}
