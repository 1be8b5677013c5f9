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

    /// <summary>The serial number without blanks around it.</summary>
    /// <param name="text"><see cref="SerialSize"/> bytes for it.</param>
    public ReadOnlySpan<byte> Serial(Span<byte> text) => Text(SerialOffset, text.Slice(0, SerialSize));

    /// <summary>The model number without blanks around it.</summary>
    /// <param name="text"><see cref="ModelSize"/> bytes for it.</param>
    public ReadOnlySpan<byte> Model(Span<byte> text) => Text(ModelOffset, text.Slice(0, ModelSize));

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
