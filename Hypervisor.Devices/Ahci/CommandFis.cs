using System;

namespace Hypervisor.Devices.Ahci;

/// <summary>A Register Host to Device FIS (SATA 3.x §10.5.5; AHCI 1.3.1 §4.2.3.1).</summary>
public readonly ref struct CommandFis
{
    /// <summary>Bytes of it.</summary>
    public const int Size = 20;

    /// <summary>Bytes of the space for it in a command table.</summary>
    public const int Space = 64;

    /// <summary>Its type.</summary>
    public const byte RegisterHostToDevice = 0x27;

    private const int FlagsOffset = 1;
    private const int CommandOffset = 2;
    private const int FeatureOffset = 3;
    private const int LbaOffset = 4;
    private const int DeviceOffset = 7;
    private const int LbaUpperOffset = 8;
    private const int FeatureUpperOffset = 11;
    private const int CountOffset = 12;
    private const int CountUpperOffset = 13;
    private const byte CommandBit = 1 << 7;
    private const byte PortMultiplierMask = 0xF;
    private const byte ForcedUnitAccessBit = 1 << 7;
    private const byte LbaBit = 1 << 6;
    private const byte DeviceLbaMask = 0xF;
    private const int ByteBits = 8;
    private const int TagShift = 3;

    private readonly Span<byte> _bytes;

    /// <summary>A FIS.</summary>
    /// <param name="bytes">At least <see cref="Size"/> bytes.</param>
    public CommandFis(Span<byte> bytes)
    {
        _bytes = bytes.Slice(0, Size);
    }

    /// <summary>Whether it is one of this type.</summary>
    public bool IsRegister => _bytes[0] == RegisterHostToDevice;

    /// <summary>C: it carries a command; otherwise it changes the device control register, as for a reset.</summary>
    public bool IsCommand => (_bytes[FlagsOffset] & CommandBit) != 0;

    /// <summary>The port of a port multiplier.</summary>
    public int PortMultiplier => _bytes[FlagsOffset] & PortMultiplierMask;

    /// <summary>COMMAND.</summary>
    public byte Command => _bytes[CommandOffset];

    /// <summary>FEATURES, all 16 bits.</summary>
    public ushort Feature => (ushort)(_bytes[FeatureOffset] | (_bytes[FeatureUpperOffset] << ByteBits));

    /// <summary>COUNT, all 16 bits.</summary>
    public ushort Count => (ushort)(_bytes[CountOffset] | (_bytes[CountUpperOffset] << ByteBits));

    /// <summary>The tag of a queued command.</summary>
    public int Tag => _bytes[CountOffset] >> TagShift;

    /// <summary>Whether the address is one of 28 bits, and not cylinder, head and sector.</summary>
    public bool IsLba => (_bytes[DeviceOffset] & LbaBit) != 0;

    /// <summary>An address of 28 bits.</summary>
    public ulong Lba28 => Three(LbaOffset) | ((ulong)(_bytes[DeviceOffset] & DeviceLbaMask) << (3 * ByteBits));

    /// <summary>An address of 48 bits.</summary>
    public ulong Lba48 => Three(LbaOffset) | (Three(LbaUpperOffset) << (3 * ByteBits));

    /// <summary>Makes it a command without parameters.</summary>
    /// <param name="command">The command.</param>
    /// <param name="portMultiplier">The port of a port multiplier.</param>
    public void Set(byte command, int portMultiplier)
    {
        _bytes.Clear();
        _bytes[0] = RegisterHostToDevice;
        _bytes[FlagsOffset] = (byte)(CommandBit | (portMultiplier & PortMultiplierMask));
        _bytes[CommandOffset] = command;
    }

    /// <summary>Makes it a queued read of one sector that no medium has, which the device refuses (ACS-3 §7.25: IDNF).</summary>
    /// <param name="tag">The tag.</param>
    /// <param name="portMultiplier">The port of a port multiplier.</param>
    public void SetImpossibleQueued(int tag, int portMultiplier)
    {
        const ulong lastAddress = 0xFFFF_FFFF_FFFF;
        Set(AtaCommands.ReadQueued, portMultiplier);
        SetQueued(lastAddress, 1);
        _bytes[CountOffset] = (byte)(tag << TagShift);
        _bytes[DeviceOffset] = LbaBit;
    }

    /// <summary>Another address and number of sectors in a 28-bit command.</summary>
    public void Set28(ulong lba, int count)
    {
        SetThree(LbaOffset, lba);
        _bytes[DeviceOffset] = (byte)((_bytes[DeviceOffset] & ~DeviceLbaMask) | (byte)(lba >> (3 * ByteBits) & DeviceLbaMask));
        _bytes[CountOffset] = (byte)count;
    }

    /// <summary>Another address and number of sectors in a 48-bit command.</summary>
    public void Set48(ulong lba, int count)
    {
        SetThree(LbaOffset, lba);
        SetThree(LbaUpperOffset, lba >> (3 * ByteBits));
        _bytes[CountOffset] = (byte)count;
        _bytes[CountUpperOffset] = (byte)(count >> ByteBits);
    }

    /// <summary>Another address and number of sectors in a queued command; tag and FUA stay.</summary>
    public void SetQueued(ulong lba, int count)
    {
        SetThree(LbaOffset, lba);
        SetThree(LbaUpperOffset, lba >> (3 * ByteBits));
        _bytes[FeatureOffset] = (byte)count;
        _bytes[FeatureUpperOffset] = (byte)(count >> ByteBits);
        _bytes[DeviceOffset] = (byte)(_bytes[DeviceOffset] & (ForcedUnitAccessBit | LbaBit));
    }

    private ulong Three(int offset) => _bytes[offset] | ((ulong)_bytes[offset + 1] << ByteBits) | ((ulong)_bytes[offset + 2] << (2 * ByteBits));

    private void SetThree(int offset, ulong value)
    {
        _bytes[offset] = (byte)value;
        _bytes[offset + 1] = (byte)(value >> ByteBits);
        _bytes[offset + 2] = (byte)(value >> (2 * ByteBits));
    }
}
