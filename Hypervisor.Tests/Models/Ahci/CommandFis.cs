using System;
using System.Buffers.Binary;

namespace Hypervisor.Tests.Models.Ahci;

/// <summary>A Register - Host to Device FIS (SATA 3.0 §10.3.4).</summary>
internal sealed class CommandFis
{
    internal const int Size = 64;

    private const byte CommandBit = 0x80;
    private const byte LbaBit = 0x40;
    private const byte SoftResetBit = 0x04;

    private readonly byte[] _bytes = new byte[Size];

    internal CommandFis(ReadOnlySpan<byte> bytes)
    {
        bytes[..Math.Min(Size, bytes.Length)].CopyTo(_bytes);
    }

    /// <summary>A command with a 48-bit address.</summary>
    internal CommandFis(AtaCommand command, ulong lba = 0, int count = 0, int features = 0, byte device = LbaBit, int multiplierPort = 0)
    {
        _bytes[0] = (byte)FisType.RegisterToDevice;
        _bytes[1] = (byte)(CommandBit | multiplierPort);
        _bytes[2] = (byte)command;
        _bytes[3] = (byte)features;
        _bytes[4] = (byte)lba;
        _bytes[5] = (byte)(lba >> 8);
        _bytes[6] = (byte)(lba >> 16);
        _bytes[7] = device;
        _bytes[8] = (byte)(lba >> 24);
        _bytes[9] = (byte)(lba >> 32);
        _bytes[10] = (byte)(lba >> 40);
        _bytes[11] = (byte)(features >> 8);
        _bytes[12] = (byte)count;
        _bytes[13] = (byte)(count >> 8);
    }

    internal ReadOnlySpan<byte> Bytes => _bytes;

    internal bool IsRegister => _bytes[0] == (byte)FisType.RegisterToDevice;

    /// <summary>A command; else the device control register is written.</summary>
    internal bool IsCommand => (_bytes[1] & CommandBit) != 0;

    internal bool IsSoftReset => (_bytes[15] & SoftResetBit) != 0;

    internal int MultiplierPort => _bytes[1] & 0xF;

    internal AtaCommand Command => (AtaCommand)_bytes[2];

    internal byte Features => _bytes[3];

    internal int Features16 => _bytes[3] | (_bytes[11] << 8);

    internal byte Device => _bytes[7];

    internal bool IsLba => (Device & LbaBit) != 0;

    internal int Lba24 => _bytes[4] | (_bytes[5] << 8) | (_bytes[6] << 16);

    internal ulong Lba28 => (uint)Lba24 | ((ulong)(_bytes[7] & 0xF) << 24);

    internal ulong Lba48 => (uint)Lba24 | ((ulong)_bytes[8] << 24) | ((ulong)BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan(9)) << 32);

    internal int Count8 => _bytes[12];

    internal int Count16 => _bytes[12] | (_bytes[13] << 8);

    /// <summary>The tag of a queued command.</summary>
    internal int Tag => _bytes[12] >> 3;

    /// <summary>Sets or clears the software reset bit of a frame that writes the control register.</summary>
    internal static CommandFis Control(bool reset, int multiplierPort = 0)
    {
        byte[] bytes = new byte[Size];
        bytes[0] = (byte)FisType.RegisterToDevice;
        bytes[1] = (byte)multiplierPort;
        bytes[15] = reset ? SoftResetBit : (byte)0;
        return new CommandFis(bytes);
    }
}
