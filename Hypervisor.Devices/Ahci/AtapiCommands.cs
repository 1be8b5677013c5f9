using System;

namespace Hypervisor.Devices.Ahci;

/// <summary>What the SCSI commands that go to ATAPI devices do (SPC-4, MMC-6, SBC-3); what is not listed may do anything.</summary>
public static class AtapiCommands
{
    /// <summary>Bytes of a command in a command table.</summary>
    public const int Space = 16;

    private const int ByteBits = 8;
    private const int ServiceActionMask = 0x1F; // of byte 1
    private const int KeyFormatOffset = 10;
    private const int KeyFormatMask = 0x3F; // of SEND KEY (MMC-6)

    /// <summary>Reads a command.</summary>
    /// <param name="packet">Its <see cref="Space"/> bytes.</param>
    public static DiskCommand Read(ReadOnlySpan<byte> packet)
    {
        const int uint6Mask = 0x1F;
        switch (packet[0])
        {
            case 0x08: // READ(6), WRITE(6)
                return DiskCommand.OfPacket(DiskAccess.Read, Number(packet, 1, 3) & ((uint6Mask << 16) | 0xFFFF), packet[4] == 0 ? 0x100 : packet[4]);
            case 0x0A:
                return DiskCommand.OfPacket(DiskAccess.Write, Number(packet, 1, 3) & ((uint6Mask << 16) | 0xFFFF), packet[4] == 0 ? 0x100 : packet[4]);
            case 0x28: // READ(10), WRITE(10), WRITE AND VERIFY(10), VERIFY(10)
                return Sectors(DiskAccess.Read, Number(packet, 2, 4), Number(packet, 7, 2));
            case 0x2A:
            case 0x2E:
                return Sectors(DiskAccess.Write, Number(packet, 2, 4), Number(packet, 7, 2));
            case 0x2F:
                return Sectors(DiskAccess.Verify, Number(packet, 2, 4), Number(packet, 7, 2));
            case 0xA8: // READ(12), WRITE(12)
                return Sectors(DiskAccess.Read, Number(packet, 2, 4), Number(packet, 6, 4));
            case 0xAA:
                return Sectors(DiskAccess.Write, Number(packet, 2, 4), Number(packet, 6, 4));
            case 0x88: // READ(16), WRITE(16)
                return Sectors(DiskAccess.Read, Number(packet, 2, 8), Number(packet, 10, 4));
            case 0x8A:
                return Sectors(DiskAccess.Write, Number(packet, 2, 8), Number(packet, 10, 4));
            case 0xBE: // READ CD, READ CD MSF
            case 0xB9:
                return DiskCommand.OfPacket(DiskAccess.ReadAnything, 0, 0);
            case 0x3C: // READ BUFFER: what the drive has read before, or ahead, may be in it
                return DiskCommand.OfPacket(DiskAccess.ReadAnything, 0, 0);
            default:
                return DiskCommand.OfPacket(IsHarmless(packet[0]) || IsHarmlessHere(packet) ? DiskAccess.None : DiskAccess.ChangeAnything, 0, 0);
        }
    }

    private static bool IsHarmless(byte command) => command switch
    {
        0x00 or 0x01 or 0x03 or 0x12 => true, // TEST UNIT READY, REZERO, REQUEST SENSE, INQUIRY; not SEEK(6), which is SET CAPACITY elsewhere
        0x1A or 0x1B or 0x1E => true, // MODE SENSE(6), START STOP UNIT, PREVENT ALLOW MEDIUM REMOVAL
        0x23 or 0x25 or 0x2B or 0x35 => true, // READ FORMAT CAPACITIES, READ CAPACITY, SEEK(10), SYNCHRONIZE CACHE
        0x42 or 0x43 or 0x44 or 0x45 or 0x46 or 0x47 => true, // READ SUB-CHANNEL, READ TOC, READ HEADER, PLAY, GET CONFIGURATION
        0x4A or 0x4B or 0x4D or 0x4E => true, // GET EVENT STATUS, PAUSE RESUME, LOG SENSE, STOP PLAY
        0x51 or 0x52 or 0x5A or 0x5C => true, // READ DISC INFORMATION, READ TRACK INFORMATION, MODE SENSE(10), READ BUFFER CAPACITY
        0xA0 or 0xA5 or 0xA6 => true, // REPORT LUNS, PLAY(12), LOAD UNLOAD
        0xAC or 0xAD or 0xB6 or 0xBA or 0xBB or 0xBD => true, // GET PERFORMANCE, READ DISC STRUCTURE, SET STREAMING, SCAN, SET CD SPEED, MECHANISM STATUS
        _ => false,
    };

    /// <summary>Commands of which other bytes say what they do.</summary>
    private static bool IsHarmlessHere(ReadOnlySpan<byte> packet)
    {
        int serviceAction = packet[1] & ServiceActionMask;
        return packet[0] switch
        {
            0x9E => serviceAction == 0x10, // SERVICE ACTION IN(16): READ CAPACITY(16); another one is READ LONG(16) (SBC-3)
            0xA3 => (packet[KeyFormatOffset] & KeyFormatMask) is 0x01 or 0x02 or 0x03 or 0x3F, // SEND KEY: of an authentication; another one sets the region, five times at most (MMC-6)
            0xA4 => serviceAction == 0, // REPORT KEY; with one, MAINTENANCE OUT (SPC-4)
            _ => false,
        };
    }

    /// <summary>No sectors is no access; more than can be counted touch everything.</summary>
    private static DiskCommand Sectors(DiskAccess access, ulong lba, ulong count) => count switch
    {
        0 => DiskCommand.OfPacket(DiskAccess.None, lba, 0),
        > int.MaxValue => DiskCommand.OfPacket(access == DiskAccess.Write ? DiskAccess.ChangeAnything : DiskAccess.ReadAnything, 0, 0),
        _ => DiskCommand.OfPacket(access, lba, (int)count),
    };

    /// <summary>A number, highest byte first.</summary>
    private static ulong Number(ReadOnlySpan<byte> packet, int offset, int size)
    {
        ulong value = 0;
        for (int i = 0; i < size; i++)
        {
            value = (value << ByteBits) | packet[offset + i];
        }

        return value;
    }
}
