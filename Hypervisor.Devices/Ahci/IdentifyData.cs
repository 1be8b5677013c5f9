using System;

namespace Hypervisor.Devices.Ahci;

/// <summary>What IDENTIFY DEVICE and IDENTIFY PACKET DEVICE return (ACS-3 §7.12.7).</summary>
public readonly ref struct IdentifyData
{
    /// <summary>Bytes of it.</summary>
    public const int Size = 512;

    /// <summary>Bytes of the serial number.</summary>
    public const int SerialSize = 20;

    /// <summary>Bytes of the model number.</summary>
    public const int ModelSize = 40;

    private const int IncompleteBit = 1 << 2; // word 0 (ACS-3 §7.12.7.2)
    private const int ConfigurationOffset = 2 * 2;
    private const int SerialOffset = 2 * 10;
    private const int ModelOffset = 2 * 27;
    private const int SizeFlagsOffset = (2 * 106) + 1;
    private const int SectorWordsOffset = 2 * 117;
    private const int ValidMask = 0xC0;
    private const int ValidValue = 0x40;
    private const int LongSectorBit = 0x10;
    private const int DefaultSectorSize = 512;
    private const int BytesPerWord = 2;
    private const int ByteBits = 8;

    private readonly ReadOnlySpan<byte> _data;

    /// <summary>An answer.</summary>
    /// <param name="data">Its <see cref="Size"/> bytes.</param>
    public IdentifyData(ReadOnlySpan<byte> data)
    {
        _data = data.Slice(0, Size);
    }

    /// <summary>Whether there is anything in it.</summary>
    public bool IsEmpty
    {
        get
        {
            int any = 0;
            for (int i = 0; i < Size; i++)
            {
                any |= _data[i];
            }

            return any == 0;
        }
    }

    /// <summary>
    /// Whether it says which disk it is of. A disk that was powered up in standby may leave out most of it until it spins up, and says so in word 0 bit 2, or in word 2 (ACS-3 §7.12.7.2, §7.12.7.4).
    /// </summary>
    /// <param name="isPacket">Whether it is of an ATAPI device, which need not have a serial number.</param>
    public bool TellsWho(bool isPacket)
    {
        const int needsSpinUpIncomplete = 0x37C8;
        const int incomplete = 0x8C73;
        bool isIncomplete = (_data[0] & IncompleteBit) != 0 || Configuration is needsSpinUpIncomplete or incomplete;
        return !isIncomplete && (HasText(SerialOffset, SerialSize) || (isPacket && HasText(ModelOffset, ModelSize)));
    }

    /// <summary>A number that disks with other serial or model numbers are unlikely to have (FNV-1a); never 0.</summary>
    public uint Fingerprint
    {
        get
        {
            const uint start = 0x811C_9DC5;
            return Mixed(Mixed(start, SerialOffset, SerialSize), ModelOffset, ModelSize) | 1;
        }
    }

    /// <summary>Bytes of a logical sector: words 117 and 118, where word 106 says so.</summary>
    public int SectorSize
    {
        get
        {
            int flags = _data[SizeFlagsOffset];
            bool isLong = (flags & ValidMask) == ValidValue && (flags & LongSectorBit) != 0;
            int words = _data[SectorWordsOffset] | (_data[SectorWordsOffset + 1] << ByteBits) | (_data[SectorWordsOffset + 2] << (2 * ByteBits));
            return isLong ? words * BytesPerWord : DefaultSectorSize;
        }
    }

    private int Configuration => _data[ConfigurationOffset] | (_data[ConfigurationOffset + 1] << ByteBits);

    /// <summary>The serial number without blanks around it.</summary>
    /// <param name="text"><see cref="SerialSize"/> bytes for it.</param>
    public ReadOnlySpan<byte> Serial(Span<byte> text) => Text(SerialOffset, text.Slice(0, SerialSize));

    /// <summary>The model number without blanks around it.</summary>
    /// <param name="text"><see cref="ModelSize"/> bytes for it.</param>
    public ReadOnlySpan<byte> Model(Span<byte> text) => Text(ModelOffset, text.Slice(0, ModelSize));

    private bool HasText(int offset, int size) => !Core.Configuration.AsciiText.Trim(_data.Slice(offset, size)).IsEmpty;

    private uint Mixed(uint value, int offset, int size)
    {
        const uint prime = 0x0100_0193;
        for (int i = 0; i < size; i++)
        {
            value = (value ^ _data[offset + i]) * prime;
        }

        return value;
    }

    /// <summary>Characters, two in a word, the first in its upper half (ACS-3 §3.4.9).</summary>
    private ReadOnlySpan<byte> Text(int offset, Span<byte> text)
    {
        for (int i = 0; i < text.Length; i += BytesPerWord)
        {
            text[i] = _data[offset + i + 1];
            text[i + 1] = _data[offset + i];
        }

        return Core.Configuration.AsciiText.Trim(text);
    }
}
