using System;
using Hypervisor.Devices.Ahci;
using Xunit;

namespace Hypervisor.Tests.Unit.Ahci;

/// <summary>What commands are taken for (ACS-3; SPC-4, MMC-6).</summary>
public sealed class DiskCommandTests
{
    [Theory]
    [InlineData(0x25, 0x40, 0x1122_3344_5566ul, 0, 8, DiskAccess.Read, 0x1122_3344_5566ul, 8)] // READ DMA EXT
    [InlineData(0x35, 0x40, 0ul, 0, 0, DiskAccess.Write, 0ul, 0x1_0000)] // WRITE DMA EXT: 0 is 65,536
    [InlineData(0xC8, 0x4A, 0x11_2233ul, 0, 0, DiskAccess.Read, 0xA11_2233ul, 0x100)] // READ DMA: 28 bits, 0 is 256
    [InlineData(0xCA, 0x45, 0xFF_FFFFul, 0, 3, DiskAccess.Write, 0x5FF_FFFFul, 3)]
    [InlineData(0xC8, 0x0A, 0x11_2233ul, 0, 1, DiskAccess.ReadAnything, 0ul, 0)] // cylinder, head, sector
    [InlineData(0x30, 0xA0, 1ul, 0, 1, DiskAccess.ChangeAnything, 0ul, 0)]
    [InlineData(0x60, 0x40, 77ul, 16, 3 << 3, DiskAccess.Read, 77ul, 16)] // READ FPDMA QUEUED
    [InlineData(0x61, 0x40, 77ul, 0, 3 << 3, DiskAccess.Write, 77ul, 0x1_0000)]
    [InlineData(0x42, 0x40, 5ul, 0, 5, DiskAccess.Verify, 5ul, 5)]
    [InlineData(0x06, 0x40, 0ul, 1, 1, DiskAccess.Discard, 0ul, 0)]
    [InlineData(0xEC, 0x00, 0ul, 0, 0, DiskAccess.None, 0ul, 0)]
    [InlineData(0xB0, 0x00, 0xC2_4F00ul, 0xD0, 1, DiskAccess.None, 0ul, 0)] // SMART READ DATA
    [InlineData(0xB0, 0x00, 0xC2_4F00ul, 0xD6, 1, DiskAccess.ChangeAnything, 0ul, 0)] // SMART WRITE LOG
    [InlineData(0xB4, 0x00, 0ul, 0x11, 1, DiskAccess.ChangeAnything, 0ul, 0)] // SANITIZE CRYPTO SCRAMBLE
    [InlineData(0xF5, 0x00, 0ul, 0, 0, DiskAccess.None, 0ul, 0)] // SECURITY FREEZE LOCK
    [InlineData(0xF4, 0x00, 0ul, 0, 0, DiskAccess.ChangeAnything, 0ul, 0)]
    [InlineData(0x63, 0x40, 0ul, 6, 0, DiskAccess.ChangeAnything, 0ul, 0)] // NCQ NON-DATA, ZERO EXT
    [InlineData(0x63, 0x40, 0ul, 0, 0, DiskAccess.None, 0ul, 0)] // NCQ NON-DATA, ABORT NCQ QUEUE
    [InlineData(0x63, 0x40, 0ul, 5, 0, DiskAccess.ChangeAnything, 0ul, 0)] // NCQ NON-DATA, SET FEATURES: which one is in AUXILIARY
    [InlineData(0x64, 0x40, 0ul, 1, 0, DiskAccess.Discard, 0ul, 0)] // SEND FPDMA QUEUED, DATA SET MANAGEMENT
    [InlineData(0x64, 0x40, 0ul, 1, 0x200, DiskAccess.ChangeAnything, 0ul, 0)] // SEND FPDMA QUEUED, WRITE LOG DMA EXT
    [InlineData(0x65, 0x40, 0ul, 1, 0x100, DiskAccess.None, 0ul, 0)] // RECEIVE FPDMA QUEUED, READ LOG DMA EXT
    [InlineData(0x65, 0x40, 0ul, 1, 0x200, DiskAccess.ChangeAnything, 0ul, 0)] // RECEIVE FPDMA QUEUED, ZAC MANAGEMENT IN
    [InlineData(0x65, 0x40, 0ul, 1, 0, DiskAccess.ChangeAnything, 0ul, 0)]
    [InlineData(0x4A, 0x40, 0ul, 0x00, 1, DiskAccess.None, 0ul, 0)] // ZAC MANAGEMENT IN, REPORT ZONES
    [InlineData(0x4A, 0x40, 0ul, 0x08, 1, DiskAccess.ChangeAnything, 0ul, 0)] // ZAC MANAGEMENT IN, ZONE ACTIVATE
    [InlineData(0xE4, 0x00, 0ul, 0, 0, DiskAccess.ReadAnything, 0ul, 0)] // READ BUFFER: what the drive happens to have there
    [InlineData(0xE9, 0x00, 0ul, 0, 0, DiskAccess.ReadAnything, 0ul, 0)] // READ BUFFER DMA
    [InlineData(0xE8, 0x00, 0ul, 0, 0, DiskAccess.ChangeAnything, 0ul, 0)] // WRITE BUFFER
    [InlineData(0xFF, 0x00, 0ul, 0, 0, DiskAccess.ChangeAnything, 0ul, 0)]
    public void Ata(byte command, byte device, ulong lba, int feature, int count, DiskAccess access, ulong first, int sectors)
    {
        DiskCommand read = DiskCommand.Read(new CommandFis(Fis(command, device, lba, feature, count)));
        Assert.Equal((access, first, sectors), (read.Access, read.Lba, read.Count));
        Assert.Equal(command is >= 0x60 and <= 0x65, read.IsQueued);
    }

    [Theory]
    [InlineData(0x24, DiskAccess.ReadAnything)] // READ SECTOR(S) EXT
    [InlineData(0x25, DiskAccess.ReadAnything)]
    [InlineData(0x29, DiskAccess.ReadAnything)]
    [InlineData(0x42, DiskAccess.ReadAnything)]
    [InlineData(0x60, DiskAccess.ReadAnything)]
    [InlineData(0x34, DiskAccess.ChangeAnything)] // WRITE SECTOR(S) EXT
    [InlineData(0x35, DiskAccess.ChangeAnything)]
    [InlineData(0x39, DiskAccess.ChangeAnything)]
    [InlineData(0x3D, DiskAccess.ChangeAnything)]
    [InlineData(0xCE, DiskAccess.ChangeAnything)]
    [InlineData(0x61, DiskAccess.ChangeAnything)]
    public void Without_the_LBA_bit_a_long_address_may_be_cylinder_and_head(byte command, DiskAccess access)
    {
        DiskCommand read = DiskCommand.Read(new CommandFis(Fis(command, 0x80, 0x1_0000_0005, 1, 1)));
        Assert.Equal((access, 0ul, 0), (read.Access, read.Lba, read.Count));
        Assert.Equal(command is 0x60 or 0x61, read.IsQueued);
    }

    [Theory]
    [InlineData(0x02, true)] // write cache
    [InlineData(0x82, true)]
    [InlineData(0x03, true)] // transfer mode
    [InlineData(0x05, true)] // power management
    [InlineData(0x07, true)] // spin-up
    [InlineData(0x10, true)] // SATA features
    [InlineData(0x90, true)]
    [InlineData(0x4A, true)] // power conditions
    [InlineData(0x55, true)] // read look-ahead
    [InlineData(0xAA, true)]
    [InlineData(0xC3, true)] // sense data
    [InlineData(0x00, false)]
    [InlineData(0x06, false)] // power-up in standby: kept, and the drive no longer says who it is
    [InlineData(0x86, false)]
    [InlineData(0x09, false)] // address offset: all sectors get other numbers
    [InlineData(0x89, false)]
    [InlineData(0x46, false)] // zone activation
    [InlineData(0x48, false)]
    [InlineData(0xF3, false)]
    public void Settings_are_those_until_power_off(int feature, bool isHarmless)
    {
        DiskCommand read = DiskCommand.Read(new CommandFis(Fis(0xEF, 0, 0, feature, 0)));
        Assert.Equal(isHarmless ? DiskAccess.None : DiskAccess.ChangeAnything, read.Access);
    }

    [Theory]
    [InlineData(0x00, true)] // off-line routine
    [InlineData(0x02, true)] // extended self-test
    [InlineData(0x7F, true)] // abort
    [InlineData(0x81, true)] // short self-test, captive
    [InlineData(0x40, false)] // a vendor's
    [InlineData(0x7E, false)]
    [InlineData(0x90, false)]
    [InlineData(0xFF, false)]
    public void Self_tests_are_those_of_the_standard(byte routine, bool isHarmless)
    {
        DiskCommand read = DiskCommand.Read(new CommandFis(Fis(0xB0, 0, 0xC2_4F00u | routine, 0xD4, 0)));
        Assert.Equal(isHarmless ? DiskAccess.None : DiskAccess.ChangeAnything, read.Access);
    }

    [Theory]
    [InlineData(0xE4)]
    [InlineData(0xE8)]
    public void Registers_of_a_port_multiplier_are_no_buffer_of_a_disk(byte command)
    {
        byte[] fis = Fis(command, 0, 0, 0, 0);
        fis[1] = 0x8F;
        Assert.Equal(DiskAccess.None, DiskCommand.Read(new CommandFis(fis)).Access);
    }

    [Fact]
    public void Without_C_it_is_no_command()
    {
        byte[] fis = Fis(0x35, 0x40, 0, 0, 1);
        fis[1] = 0;
        Assert.Equal(DiskAccess.None, DiskCommand.Read(new CommandFis(fis)).Access);
    }

    [Theory]
    [InlineData("28 00 00000010 00 0002 00", DiskAccess.Read, 0x10ul, 2)]
    [InlineData("2A 00 00000010 00 0002 00", DiskAccess.Write, 0x10ul, 2)]
    [InlineData("A8 00 00000010 00000003 0000", DiskAccess.Read, 0x10ul, 3)]
    [InlineData("8A 00 0000000100000000 00000001 0000", DiskAccess.Write, 0x1_0000_0000ul, 1)]
    [InlineData("08 1F FFFF 00 00", DiskAccess.Read, 0x1F_FFFFul, 0x100)]
    [InlineData("28 00 00000010 00 0000 00", DiskAccess.None, 0x10ul, 0)]
    [InlineData("A8 00 00000010 FFFFFFFF 0000", DiskAccess.ReadAnything, 0ul, 0)]
    [InlineData("BE 00", DiskAccess.ReadAnything, 0ul, 0)]
    [InlineData("12 00", DiskAccess.None, 0ul, 0)]
    [InlineData("A1 00", DiskAccess.ChangeAnything, 0ul, 0)] // BLANK, ATA PASS-THROUGH(12)
    [InlineData("3B 00", DiskAccess.ChangeAnything, 0ul, 0)] // WRITE BUFFER: firmware
    [InlineData("3C 00", DiskAccess.ReadAnything, 0ul, 0)] // READ BUFFER: what the drive happens to have there
    [InlineData("0B 00", DiskAccess.ChangeAnything, 0ul, 0)] // SEEK(6), SET CAPACITY
    [InlineData("9E 10", DiskAccess.None, 0ul, 0)] // SERVICE ACTION IN(16), READ CAPACITY(16)
    [InlineData("9E 11", DiskAccess.ChangeAnything, 0ul, 0)] // SERVICE ACTION IN(16), READ LONG(16)
    [InlineData("A3 00 00000000 00 00 0010 41", DiskAccess.None, 0ul, 0)] // SEND KEY, challenge key
    [InlineData("A3 00 00000000 00 00 0008 06", DiskAccess.ChangeAnything, 0ul, 0)] // SEND KEY, RPC structure: the region
    [InlineData("A3 00 00000000 00 00 0008 C6", DiskAccess.ChangeAnything, 0ul, 0)]
    [InlineData("A4 00 00000000 00 00 0008 08", DiskAccess.None, 0ul, 0)] // REPORT KEY
    [InlineData("A4 06", DiskAccess.ChangeAnything, 0ul, 0)] // MAINTENANCE OUT
    public void Packets(string hex, DiskAccess access, ulong first, int sectors)
    {
        byte[] packet = new byte[AtapiCommands.Space];
        Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)).CopyTo(packet, 0);
        DiskCommand read = AtapiCommands.Read(packet);
        Assert.Equal((access, first, sectors), (read.Access, read.Lba, read.Count));
    }

    [Theory]
    [InlineData(0x35, 0x40, 1000, 5000)]
    [InlineData(0xCA, 0x43, 1000, 200)]
    [InlineData(0x61, 0xC0, 1000, 5000)]
    public void A_part_of_a_command_is_the_same_command_for_other_sectors(byte command, byte device, int lba, int count)
    {
        bool isQueued = command == 0x61;
        byte[] bytes = Fis(command, device, (ulong)lba, isQueued ? count : 7, isQueued ? 9 << 3 : count);
        DiskCommand whole = DiskCommand.Read(new CommandFis(bytes));
        byte[] narrow = [.. bytes];
        whole.Narrow(new CommandFis(narrow), 100, 60);
        DiskCommand part = DiskCommand.Read(new CommandFis(narrow));
        Assert.Equal((whole.Kind, whole.Lba + 100, 60), (part.Kind, part.Lba, part.Count));
        if (isQueued)
        {
            Assert.Equal(9, new CommandFis(narrow).Tag);
            Assert.Equal(device, narrow[7]); // FUA stays
        }
        else
        {
            Assert.Equal(7, new CommandFis(narrow).Feature);
        }
    }

    [Theory]
    [InlineData(0x8F, 0xE8, 0x03, 0x0008u)] // WRITE PORT MULTIPLIER: a register of port 3
    [InlineData(0x8F, 0xE8, 0x0F, 0x7FFFu)] // one of its own
    [InlineData(0x8F, 0xE4, 0x03, 0u)] // READ PORT MULTIPLIER
    [InlineData(0x83, 0xE8, 0x03, 0u)] // WRITE BUFFER of a disk
    [InlineData(0x0F, 0xE8, 0x00, 0x7FFFu)] // a software reset of the multiplier
    [InlineData(0x00, 0xE8, 0x00, 0u)]
    public void Disks_behind_a_port_multiplier_may_be_other_ones_after_a_command_to_it(byte flags, byte command, byte device, uint disks)
    {
        byte[] fis = Fis(command, device, 0, 0, 0);
        fis[1] = flags;
        Assert.Equal(disks, PortMultiplierCommand.Exchanges(new CommandFis(fis)));
    }

    private static byte[] Fis(byte command, byte device, ulong lba, int feature, int count)
    {
        byte[] fis = new byte[CommandFis.Size];
        fis[0] = CommandFis.RegisterHostToDevice;
        fis[1] = 0x80;
        fis[2] = command;
        (fis[3], fis[11]) = ((byte)feature, (byte)(feature >> 8));
        (fis[4], fis[5], fis[6]) = ((byte)lba, (byte)(lba >> 8), (byte)(lba >> 16));
        (fis[8], fis[9], fis[10]) = ((byte)(lba >> 24), (byte)(lba >> 32), (byte)(lba >> 40));
        fis[7] = device;
        (fis[12], fis[13]) = ((byte)count, (byte)(count >> 8));
        return fis;
    }
}
