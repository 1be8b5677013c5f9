using System;
using System.Buffers.Binary;

namespace Hypervisor.Tests.Models.Ahci;

/// <summary>A frame from a device (SATA 3.0 §10.3.5 to §10.3.10).</summary>
internal sealed class ResponseFis
{
    private const byte InterruptBit = 0x40;
    private const byte ToHostBit = 0x20;

    private ResponseFis(FisType type, int length, int flags, AtaStatus status, AtaError error)
    {
        Bytes = new byte[length];
        Bytes[0] = (byte)type;
        Bytes[1] = (byte)flags;
        Bytes[2] = (byte)status;
        Bytes[3] = (byte)error;
    }

    internal byte[] Bytes { get; }

    internal FisType Type => (FisType)Bytes[0];

    internal bool Interrupts => (Bytes[1] & InterruptBit) != 0;

    internal int MultiplierPort => Bytes[1] & 0xF;

    internal AtaStatus Status => (AtaStatus)Bytes[2];

    internal AtaError Error => (AtaError)Bytes[3];

    /// <summary>PIO setup: the status behind the data.</summary>
    internal AtaStatus EndStatus => (AtaStatus)Bytes[15];

    /// <summary>Set device bits: commands that have completed.</summary>
    internal uint Completed => BinaryPrimitives.ReadUInt32LittleEndian(Bytes.AsSpan(4));

    /// <summary>What PxSIG takes of it.</summary>
    internal uint Signature => Bytes[12] | ((uint)Bytes[4] << 8) | ((uint)Bytes[5] << 16) | ((uint)Bytes[6] << 24);

    /// <summary>Whether it is the first one after a reset.</summary>
    internal bool IsSignature { get; init; }

    /// <summary>Where it goes in the received FIS area (AHCI 1.3.1 §4.2.1).</summary>
    internal int Offset => Type switch
    {
        FisType.DmaSetup => 0x00,
        FisType.PioSetup => 0x20,
        FisType.RegisterToHost => 0x40,
        _ => 0x58,
    };

    internal static ResponseFis Register(AtaStatus status, AtaError error, ulong lba, int count, bool interrupts, int multiplierPort, bool isSignature = false)
    {
        ResponseFis fis = new(FisType.RegisterToHost, 20, multiplierPort | (interrupts ? InterruptBit : 0), status, error) { IsSignature = isSignature };
        fis.PutAddress(lba);
        BinaryPrimitives.WriteUInt16LittleEndian(fis.Bytes.AsSpan(12), (ushort)count);
        return fis;
    }

    internal static ResponseFis Pio(bool toHost, bool interrupts, AtaStatus end, int length, int multiplierPort)
    {
        ResponseFis fis = new(
            FisType.PioSetup, 20, multiplierPort | (toHost ? ToHostBit : 0) | (interrupts ? InterruptBit : 0), AtaStatus.Idle | AtaStatus.DataRequest, AtaError.None);
        fis.Bytes[15] = (byte)end;
        BinaryPrimitives.WriteUInt16LittleEndian(fis.Bytes.AsSpan(16), (ushort)length);
        return fis;
    }

    internal static ResponseFis Dma(bool toHost, int tag, int length, int multiplierPort)
    {
        ResponseFis fis = new(FisType.DmaSetup, 28, multiplierPort | (toHost ? ToHostBit : 0), AtaStatus.None, AtaError.None);
        fis.Bytes[4] = (byte)tag;
        BinaryPrimitives.WriteInt32LittleEndian(fis.Bytes.AsSpan(20), length);
        return fis;
    }

    internal static ResponseFis Bits(AtaStatus status, AtaError error, uint completed, int multiplierPort)
    {
        ResponseFis fis = new(FisType.SetDeviceBits, 8, multiplierPort | InterruptBit, status & ~(AtaStatus.Busy | AtaStatus.DataRequest), error);
        BinaryPrimitives.WriteUInt32LittleEndian(fis.Bytes.AsSpan(4), completed);
        return fis;
    }

    private void PutAddress(ulong lba)
    {
        Bytes[4] = (byte)lba;
        Bytes[5] = (byte)(lba >> 8);
        Bytes[6] = (byte)(lba >> 16);
        Bytes[7] = 0x40;
        Bytes[8] = (byte)(lba >> 24);
        Bytes[9] = (byte)(lba >> 32);
        Bytes[10] = (byte)(lba >> 40);
    }
}
