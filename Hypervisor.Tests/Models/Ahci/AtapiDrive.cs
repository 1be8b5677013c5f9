using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;

namespace Hypervisor.Tests.Models.Ahci;

/// <summary>A drive for packets (ATA8-ACS §7.24; MMC-6, SPC-3): reads, and writes where its medium can be written.</summary>
internal sealed class AtapiDrive(int blocks, bool isWritable = false) : SataDevice
{
    internal const int BlockSize = 2048;

    private const byte DmaFeature = 1;

    private (byte Key, byte Code) _sense;

    internal byte[] Media { get; } = new byte[blocks * BlockSize];

    internal string Serial { get; init; } = "QM00003";

    internal string Model { get; init; } = "MODEL DVD-ROM";

    /// <summary>Operation codes of packets that have changed the medium or the drive.</summary>
    internal List<byte> Modifications { get; } = [];

    /// <summary>Operation codes of packets that were executed.</summary>
    internal List<byte> Packets { get; } = [];

    internal override ResponseFis Signature() =>
        ResponseFis.Register(AtaStatus.None, (AtaError)1, 0xEB_1401, 1, interrupts: false, MultiplierPort, isSignature: true);

    internal override void Reset()
    {
        base.Reset();
        _sense = default;
    }

    internal override DeviceCommand Begin(CommandFis fis, ReadOnlySpan<byte> packet)
    {
        DeviceCommand command = fis.Command switch
        {
            AtaCommand.Packet => Decode(fis, packet),
            AtaCommand.IdentifyPacket => Send(fis, Identification(), isPacket: false, isPio: true),
            AtaCommand.SetFeatures or AtaCommand.IdleImmediate or AtaCommand.StandbyImmediate => new DeviceCommand(fis),
            AtaCommand.CheckPower => new DeviceCommand(fis) { Count = 0xFF },

            // Says what it is (ATA8-ACS §7.16.3).
            AtaCommand.Identify or AtaCommand.ReadSectors => DeviceCommand.Aborted(fis, lba: 0xEB_1401),
            _ => DeviceCommand.Aborted(fis),
        };
        if (!command.IsError)
        {
            Executed.Add(fis.Command);
        }

        return command;
    }

    private DeviceCommand Decode(CommandFis fis, ReadOnlySpan<byte> packet)
    {
        bool isPio = (fis.Features & DmaFeature) == 0;
        byte operation = packet[0];
        uint lba = BinaryPrimitives.ReadUInt32BigEndian(packet[2..]);
        int count = operation is 0xA8 or 0xAA ? (int)BinaryPrimitives.ReadUInt32BigEndian(packet[6..]) : BinaryPrimitives.ReadUInt16BigEndian(packet[7..]);
        DeviceCommand command = operation switch
        {
            0x00 or 0x1B or 0x1E => Success(fis),
            0x03 => Send(fis, Limit(Sense(), packet[4]), isPacket: true, isPio),
            0x12 => Send(fis, Limit(Inquiry(), BinaryPrimitives.ReadUInt16BigEndian(packet[3..])), isPacket: true, isPio),
            0x25 => Send(fis, Capacity(), isPacket: true, isPio),
            0x28 or 0xA8 when Exists(lba, count) && count == 0 => Success(fis),
            0x28 or 0xA8 when Exists(lba, count) => Blocks(fis, isPio, TransferDirection.ToHost, count, (offset, data) => Media.AsSpan(((int)lba * BlockSize) + offset, data.Length).CopyTo(data)),
            0x2A or 0xAA when isWritable && Exists(lba, count) && count != 0 => Blocks(fis, isPio, TransferDirection.ToDevice, count, (offset, data) =>
            {
                Modifications.Add(operation);
                data.CopyTo(Media, ((int)lba * BlockSize) + offset);
            }),
            0xA1 or 0x04 when isWritable => new DeviceCommand(fis) { IsPacket = true, Finish = () => Blank(operation), Count = 3 },
            0x28 or 0xA8 or 0x2A or 0xAA when isWritable || operation is 0x28 or 0xA8 => Check(fis, 5, 0x21),
            _ => Check(fis, 5, 0x20),
        };
        if (!command.IsError)
        {
            Packets.Add(operation);
        }

        return command;
    }

    private static byte[] Limit(byte[] data, int length) => data[..Math.Min(length, data.Length)];

    private static DeviceCommand Success(CommandFis fis) => new(fis) { IsPacket = true, Count = 3 };

    private static DeviceCommand Blocks(CommandFis fis, bool isPio, TransferDirection direction, int count, Action<int, byte[]> transfer) => new(fis)
    {
        IsPacket = true, IsPio = isPio, Direction = direction, Length = count * BlockSize, Block = BlockSize, Transfer = transfer, Count = 3,
    };

    private static DeviceCommand Send(CommandFis fis, byte[] data, bool isPacket, bool isPio) => new(fis)
    {
        IsPacket = isPacket, IsPio = isPio, Direction = data.Length == 0 ? TransferDirection.None : TransferDirection.ToHost, Length = data.Length,
        Transfer = (offset, block) => data.AsSpan(offset, block.Length).CopyTo(block), Count = isPacket ? 3 : 0,
    };

    private bool Exists(uint lba, int count) => count >= 0 && (ulong)lba + (ulong)count <= (ulong)(Media.Length / BlockSize);

    /// <summary>CHECK CONDITION: the sense key is in the error register (ATA8-ACS §6.3).</summary>
    private DeviceCommand Check(CommandFis fis, byte key, byte code)
    {
        _sense = (key, code);
        return new DeviceCommand(fis)
        {
            IsPacket = true, Status = AtaStatus.Idle | AtaStatus.Error, Error = (AtaError)((key << 4) | (byte)AtaError.Abort), Count = 3,
        };
    }

    private void Blank(byte operation)
    {
        Modifications.Add(operation);
        Media.AsSpan().Clear();
    }

    private byte[] Sense()
    {
        byte[] data = new byte[18];
        data[0] = 0x70;
        data[2] = _sense.Key;
        data[7] = 10;
        data[12] = _sense.Code;
        _sense = default;
        return data;
    }

    private byte[] Capacity()
    {
        byte[] data = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(data, (Media.Length / BlockSize) - 1);
        BinaryPrimitives.WriteInt32BigEndian(data.AsSpan(4), BlockSize);
        return data;
    }

    private byte[] Inquiry()
    {
        byte[] data = new byte[36];
        data[0] = 5;
        data[1] = 0x80;
        data[3] = 0x21;
        data[4] = 31;
        Encoding.ASCII.GetBytes("HV".PadRight(8) + Model.PadRight(16)[..16] + "1.0 ").CopyTo(data, 8);
        return data;
    }

    private byte[] Identification()
    {
        byte[] data = new byte[512];
        BinaryPrimitives.WriteUInt16LittleEndian(data, 0x85C0);
        AtaText.Put(data, 10, 20, Serial);
        AtaText.Put(data, 23, 8, "1.0");
        AtaText.Put(data, 27, 40, Model);
        BinaryPrimitives.WriteUInt16LittleEndian(data.AsSpan(49 * 2), 0x0B00);
        return data;
    }
}
