using System;
using System.Buffers.Binary;
using System.Collections.Generic;

namespace Hypervisor.Tests.Models.Ahci;

/// <summary>A disk (ATA8-ACS, ACS-3; queued commands: SATA 3.0 §13.6).</summary>
internal sealed class AtaDisk : SataDevice
{
    private const int LogSector = 512;
    private const int QueueErrorLog = 0x10;
    private const int SmartData = 0xD0;
    private const int SmartWriteLog = 0xD6;
    private const int SmartStatus = 0xDA;
    private const int SpinUp = 0x07;

    private readonly int _sectorSize;
    private readonly byte[] _buffer = new byte[LogSector];
    private byte[]? _queueError;
    private int _multiple = 16;

    internal AtaDisk(int sectors, int sectorSize = 512)
    {
        _sectorSize = sectorSize;
        Media = new byte[sectors * sectorSize];
    }

    /// <summary>All sectors.</summary>
    internal byte[] Media { get; }

    internal int SectorSize => _sectorSize;

    internal ulong Sectors => (ulong)(Media.Length / _sectorSize);

    internal string Serial { get; init; } = "QM00001";

    internal string Model { get; init; } = "MODEL HARDDISK";

    /// <summary>Powered up in standby (ATA8-ACS §4.18): what it says of itself is incomplete until SET FEATURES has it spin up.</summary>
    internal bool IsInStandby { get; set; }

    /// <summary>Commands that have changed the medium, or something else that stays in the drive.</summary>
    internal List<AtaCommand> Modifications { get; } = [];

    internal override ResponseFis Signature() => ResponseFis.Register(AtaStatus.Idle, (AtaError)1, 1, 1, interrupts: false, MultiplierPort, isSignature: true);

    internal override void Reset()
    {
        base.Reset();
        _queueError = null;
    }

    internal override void FailQueue(DeviceCommand? failed)
    {
        base.FailQueue(failed);
        byte[] log = new byte[LogSector];
        log[0] = failed is { IsQueued: true } ? (byte)failed.Fis.Tag : (byte)0x80;
        if (failed != null)
        {
            log[2] = (byte)(AtaStatus.Idle | AtaStatus.Error);
            log[3] = (byte)failed.Error;
            failed.Fis.Bytes.Slice(4, 3).CopyTo(log.AsSpan(4));
            log[7] = failed.Fis.Device;
            failed.Fis.Bytes.Slice(8, 3).CopyTo(log.AsSpan(8));
            failed.Fis.Bytes.Slice(12, 2).CopyTo(log.AsSpan(12));
        }

        PutChecksum(log);
        _queueError = log;
    }

    internal override DeviceCommand Begin(CommandFis fis, ReadOnlySpan<byte> packet)
    {
        bool isQueued = fis.Command is AtaCommand.ReadFpdma or AtaCommand.WriteFpdma;
        if (_queueError != null && !IsQueueErrorLog(fis))
        {
            return DeviceCommand.Aborted(fis, isQueued: isQueued);
        }

        if (IsStale || (!isQueued && Queue.Count != 0) || (isQueued && Queue.Exists(c => c.Fis.Tag == fis.Tag)))
        {
            IsStale = false;
            FailQueue(null);
            return DeviceCommand.Aborted(fis, isQueued: isQueued);
        }

        DeviceCommand command = Decode(fis);
        if (!command.IsError)
        {
            Executed.Add(fis.Command);
        }

        return command;
    }

    private static bool IsQueueErrorLog(CommandFis fis) =>
        fis.Command is AtaCommand.ReadLogExt or AtaCommand.ReadLogDmaExt && (byte)fis.Lba48 == QueueErrorLog;

    /// <summary>All bytes of a log add up to zero.</summary>
    private static void PutChecksum(byte[] sector)
    {
        byte sum = 0;
        for (int i = 0; i < LogSector - 1; i++)
        {
            sum += sector[i];
        }

        sector[LogSector - 1] = (byte)-sum;
    }

    private DeviceCommand Decode(CommandFis fis)
    {
        AtaCommand code = fis.Command;
        switch (code)
        {
            case AtaCommand.ReadDmaExt or AtaCommand.ReadSectorsExt or AtaCommand.ReadMultipleExt:
                return Read(fis, Long(fis), Many(fis.Count16, 0x1_0000), isPio: code != AtaCommand.ReadDmaExt, BlockOf(code == AtaCommand.ReadMultipleExt));
            case AtaCommand.ReadDma or AtaCommand.ReadDmaOld or AtaCommand.ReadSectors or AtaCommand.ReadMultiple or (AtaCommand)0x21:
                return Read(fis, Short(fis), Many(fis.Count8, 0x100), isPio: code is not (AtaCommand.ReadDma or AtaCommand.ReadDmaOld), BlockOf(code == AtaCommand.ReadMultiple));
            case AtaCommand.WriteDmaExt or AtaCommand.WriteDmaFuaExt or AtaCommand.WriteSectorsExt or AtaCommand.WriteMultipleExt or AtaCommand.WriteMultipleFuaExt:
                return Write(
                    fis, Long(fis), Many(fis.Count16, 0x1_0000), isPio: code is not (AtaCommand.WriteDmaExt or AtaCommand.WriteDmaFuaExt),
                    BlockOf(code is AtaCommand.WriteMultipleExt or AtaCommand.WriteMultipleFuaExt));
            case AtaCommand.WriteDma or AtaCommand.WriteDmaOld or AtaCommand.WriteSectors or AtaCommand.WriteMultiple or (AtaCommand)0x31:
                return Write(fis, Short(fis), Many(fis.Count8, 0x100), isPio: code is not (AtaCommand.WriteDma or AtaCommand.WriteDmaOld), BlockOf(code == AtaCommand.WriteMultiple));
            case AtaCommand.ReadFpdma:
                return Read(fis, Long(fis), Many(fis.Features16, 0x1_0000), isPio: false, _sectorSize, isQueued: true);
            case AtaCommand.WriteFpdma:
                return Write(fis, Long(fis), Many(fis.Features16, 0x1_0000), isPio: false, _sectorSize, isQueued: true);
            case AtaCommand.ReadVerifyExt:
                return Exists(Long(fis), Many(fis.Count16, 0x1_0000)) ? new DeviceCommand(fis) : DeviceCommand.Aborted(fis, AtaError.NotFound, lba: Long(fis));
            case AtaCommand.ReadVerify:
                return Exists(Short(fis), Many(fis.Count8, 0x100)) ? new DeviceCommand(fis) : DeviceCommand.Aborted(fis, AtaError.NotFound);
            default:
                return DecodeOther(fis);
        }
    }

    private DeviceCommand DecodeOther(CommandFis fis)
    {
        switch (fis.Command)
        {
            case AtaCommand.Identify:
                return Send(fis, Identification());
            case AtaCommand.ReadBuffer:
                return Send(fis, _buffer);
            case AtaCommand.WriteBuffer:
                return Take(fis, LogSector, isPio: true, block => block.CopyTo(_buffer, 0), modifies: false);
            case AtaCommand.ReadLogExt or AtaCommand.ReadLogDmaExt:
                return ReadLog(fis);
            case AtaCommand.WriteLogExt or AtaCommand.WriteLogDmaExt when fis.Count16 != 0:
                return Take(fis, fis.Count16 * LogSector, fis.Command == AtaCommand.WriteLogExt, null, modifies: true);
            case AtaCommand.DownloadMicrocode when (fis.Count8 | ((fis.Lba24 & 0xFF) << 8)) != 0:
                return Take(fis, (fis.Count8 | ((fis.Lba24 & 0xFF) << 8)) * LogSector, isPio: true, null, modifies: true);
            case AtaCommand.DataSetManagement when fis.Features == 1 && fis.Count16 != 0:
                return Take(fis, fis.Count16 * LogSector, isPio: false, Trim, modifies: true);
            case AtaCommand.WriteUncorrectable when Exists(fis.Lba48, Many(fis.Count16, 0x1_0000)):
                return new DeviceCommand(fis) { Finish = () => Erase(fis.Command, fis.Lba48, Many(fis.Count16, 0x1_0000), 0xDD) };
            case AtaCommand.SecurityErase:
                return Take(fis, LogSector, isPio: true, _ => Erase(fis.Command, 0, (int)Sectors, 0), modifies: true);
            case AtaCommand.SanitizeDevice:
                return new DeviceCommand(fis) { Finish = () => Erase(fis.Command, 0, (int)Sectors, 0) };
            case AtaCommand.Smart:
                return Smart(fis);
            case AtaCommand.SetMultiple when fis.Count8 is 1 or 2 or 4 or 8 or 16:
                return new DeviceCommand(fis) { Finish = () => _multiple = fis.Count8 };
            case AtaCommand.CheckPower:
                return new DeviceCommand(fis) { Count = 0xFF };
            case AtaCommand.ExecuteDiagnostic:
                return new DeviceCommand(fis) { Lba = 1, Count = 1, Error = (AtaError)1 };
            case AtaCommand.SetFeatures when fis.Features == SpinUp:
                return new DeviceCommand(fis) { Finish = () => IsInStandby = false };
            case AtaCommand.FlushCache or AtaCommand.FlushCacheExt or AtaCommand.StandbyImmediate or AtaCommand.IdleImmediate or AtaCommand.SetFeatures:
                return new DeviceCommand(fis);
            default:
                return DeviceCommand.Aborted(fis);
        }
    }

    private static int Many(int count, int forZero) => count == 0 ? forZero : count;

    private int BlockOf(bool multiple) => _sectorSize * (multiple ? _multiple : 1);

    /// <summary>A 28-bit address, or cylinder, head and sector of a disk with 16 heads and 63 sectors (ATA8-ACS §4.14, ATA-5 §6.2).</summary>
    private static ulong Short(CommandFis fis) => fis.IsLba ? fis.Lba28 : Geometric(fis);

    /// <summary>A 48-bit address; without the LBA bit, which the standards want, some drives take it for cylinder, head and sector.</summary>
    private static ulong Long(CommandFis fis) => fis.IsLba ? fis.Lba48 : Geometric(fis);

    private static ulong Geometric(CommandFis fis)
    {
        int sector = fis.Lba24 & 0xFF;
        return sector == 0 ? ulong.MaxValue : (ulong)(((((fis.Lba24 >> 8) * 16) + (fis.Device & 0xF)) * 63) + sector - 1);
    }

    private bool Exists(ulong lba, int count) => lba < Sectors && (ulong)count <= Sectors - lba;

    private DeviceCommand Read(CommandFis fis, ulong lba, int count, bool isPio, int block, bool isQueued = false) => !Exists(lba, count)
        ? DeviceCommand.Aborted(fis, AtaError.NotFound | AtaError.Abort, isQueued, lba)
        : new DeviceCommand(fis)
        {
            Direction = TransferDirection.ToHost, IsPio = isPio, IsQueued = isQueued, Length = count * _sectorSize, Block = block,
            Transfer = (offset, data) => Media.AsSpan(((int)lba * _sectorSize) + offset, data.Length).CopyTo(data),
        };

    private DeviceCommand Write(CommandFis fis, ulong lba, int count, bool isPio, int block, bool isQueued = false) => !Exists(lba, count)
        ? DeviceCommand.Aborted(fis, AtaError.NotFound | AtaError.Abort, isQueued, lba)
        : new DeviceCommand(fis)
        {
            Direction = TransferDirection.ToDevice, IsPio = isPio, IsQueued = isQueued, Length = count * _sectorSize, Block = block,
            Transfer = (offset, data) =>
            {
                Modifications.Add(fis.Command);
                data.CopyTo(Media, ((int)lba * _sectorSize) + offset);
            },
        };

    private static DeviceCommand Send(CommandFis fis, byte[] data, bool isPio = true, Action? finish = null) => new(fis)
    {
        Direction = TransferDirection.ToHost, IsPio = isPio, Length = data.Length, Transfer = (offset, block) => data.AsSpan(offset, block.Length).CopyTo(block), Finish = finish,
    };

    private DeviceCommand Take(CommandFis fis, int length, bool isPio, Action<byte[]>? block, bool modifies) => new(fis)
    {
        Direction = TransferDirection.ToDevice, IsPio = isPio, Length = length, Transfer = (_, data) =>
        {
            if (modifies)
            {
                Modifications.Add(fis.Command);
            }

            block?.Invoke(data);
        },
    };

    private void Erase(AtaCommand command, ulong lba, int count, byte value)
    {
        Modifications.Add(command);
        Media.AsSpan((int)lba * _sectorSize, count * _sectorSize).Fill(value);
    }

    /// <summary>Ranges of a 48-bit address and a 16-bit count (ATA8-ACS §7.5).</summary>
    private void Trim(byte[] block)
    {
        for (int i = 0; i < block.Length; i += 8)
        {
            ulong entry = BinaryPrimitives.ReadUInt64LittleEndian(block.AsSpan(i));
            ulong lba = entry & 0xFFFF_FFFF_FFFF;
            int count = (int)(entry >> 48);
            if (count != 0 && Exists(lba, count))
            {
                Erase(AtaCommand.DataSetManagement, lba, count, 0);
            }
        }
    }

    private DeviceCommand ReadLog(CommandFis fis)
    {
        int count = fis.Count16;
        byte[] data = new byte[count * LogSector];
        if (count == 0 || (byte)fis.Lba48 is not (0 or QueueErrorLog))
        {
            return DeviceCommand.Aborted(fis);
        }

        if ((byte)fis.Lba48 == 0)
        {
            data[0] = 1; // version 1; log 10h has one page
            data[QueueErrorLog * 2] = 1;
            return Send(fis, data, fis.Command == AtaCommand.ReadLogExt);
        }

        _queueError?.CopyTo(data, 0);
        return Send(fis, data, fis.Command == AtaCommand.ReadLogExt, () => _queueError = null);
    }

    private DeviceCommand Smart(CommandFis fis) => fis.Features switch
    {
        SmartData => Send(fis, new byte[LogSector]),
        SmartStatus => new DeviceCommand(fis) { Lba = 0xC2_4F00 },
        SmartWriteLog when fis.Count8 != 0 => Take(fis, fis.Count8 * LogSector, isPio: true, null, modifies: true),
        0xD8 or 0xD9 => new DeviceCommand(fis),
        _ => DeviceCommand.Aborted(fis),
    };

    /// <summary>ATA8-ACS §7.16.7.</summary>
    private byte[] Identification()
    {
        byte[] data = new byte[LogSector];
        void Word(int index, int value) => BinaryPrimitives.WriteUInt16LittleEndian(data.AsSpan(index * 2), (ushort)value);
        if (IsInStandby)
        {
            Word(0, 0x0044);
            Word(2, 0x37C8);
            return data;
        }

        Word(0, 0x0040);
        Word(1, 16383);
        Word(3, 16);
        Word(6, 63);
        AtaText.Put(data, 10, 20, Serial);
        AtaText.Put(data, 23, 8, "1.0");
        AtaText.Put(data, 27, 40, Model);
        Word(47, 0x8010);
        Word(49, 0x0F00);
        Word(53, 7);
        Word(59, 0x0100 | _multiple);
        BinaryPrimitives.WriteUInt32LittleEndian(data.AsSpan(120), (uint)Math.Min(Sectors, 0x0FFF_FFFF));
        Word(75, 31);
        Word(76, 0x0106);
        Word(80, 0x01F0);
        Word(82, 0x7021);
        Word(83, 0x7400);
        Word(84, 0x4160);
        Word(85, 0x7021);
        Word(86, 0x7400);
        Word(87, 0x4160);
        Word(88, 0x407F);
        BinaryPrimitives.WriteUInt64LittleEndian(data.AsSpan(200), Sectors);
        Word(106, _sectorSize == LogSector ? 0x4000 : 0x5000);
        BinaryPrimitives.WriteUInt32LittleEndian(data.AsSpan(117 * 2), _sectorSize == LogSector ? 0 : (uint)_sectorSize / 2);
        Word(169, 1);
        Word(217, 1);
        data[510] = 0xA5;
        PutChecksum(data);
        return data;
    }
}
