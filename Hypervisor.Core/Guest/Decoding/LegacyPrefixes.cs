using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Guest.Decoding;

/// <summary>The legacy prefixes in front of an instruction.</summary>
/// <remarks>Intel SDM vol 2 §2.1.1; AMD APM vol 3 §1.2.</remarks>
public readonly struct LegacyPrefixes
{
    private const ushort OperandSizeBit = 1 << 0;
    private const ushort AddressSizeBit = 1 << 1;
    private const ushort LockBit = 1 << 2;
    private const ushort RepeatBit = 1 << 3;
    private const ushort RepeatNotEqualBit = 1 << 4;
    private const ushort SegmentBit = 1 << 5;
    private const int SegmentShift = 8;

    private readonly ushort _value;

    private LegacyPrefixes(int value)
    {
        _value = (ushort)value;
    }

    /// <summary>0x66.</summary>
    public bool OperandSize => (_value & OperandSizeBit) != 0;

    /// <summary>0x67.</summary>
    public bool AddressSize => (_value & AddressSizeBit) != 0;

    /// <summary>0xF0.</summary>
    public bool Lock => (_value & LockBit) != 0;

    /// <summary>0xF3 was the last of the repeat prefixes.</summary>
    public bool Repeat => (_value & RepeatBit) != 0;

    /// <summary>0xF2 was the last of the repeat prefixes.</summary>
    public bool RepeatNotEqual => (_value & RepeatNotEqualBit) != 0;

    /// <summary>A segment override that counts in the present mode.</summary>
    public bool HasSegment => (_value & SegmentBit) != 0;

    /// <summary>The overriding segment; meaningless without <see cref="HasSegment"/>.</summary>
    public SegmentRegister Segment => (SegmentRegister)(_value >> SegmentShift);

    /// <summary>Takes one more byte, if it is a prefix.</summary>
    /// <param name="code">The byte.</param>
    /// <param name="width">Mode of the code: in 64-bit mode overrides of ES, CS, SS and DS are ignored and leave an earlier FS or GS
    /// alone.</param>
    /// <param name="extended">The prefixes with this one; unchanged where it is none.</param>
    /// <returns>The byte is a legacy prefix.</returns>
    public bool TryAdd(byte code, CodeWidth width, out LegacyPrefixes extended)
    {
        int value;
        switch (code)
        {
            case 0x66:
                value = _value | OperandSizeBit;
                break;
            case 0x67:
                value = _value | AddressSizeBit;
                break;
            case 0xF0:
                value = _value | LockBit;
                break;
            case 0xF2:
                value = (_value & ~RepeatBit) | RepeatNotEqualBit;
                break;
            case 0xF3:
                value = (_value & ~RepeatNotEqualBit) | RepeatBit;
                break;
            case 0x26 or 0x2E or 0x36 or 0x3E:
                // Bits 4:3 of these four bytes are the number of the segment register.
                value = width == CodeWidth.Bits64 ? _value : WithSegment((SegmentRegister)((code >> 3) & 3));
                break;
            case 0x64:
                value = WithSegment(SegmentRegister.Fs);
                break;
            case 0x65:
                value = WithSegment(SegmentRegister.Gs);
                break;
            default:
                extended = this;
                return false;
        }

        extended = new LegacyPrefixes(value);
        return true;
    }

    private int WithSegment(SegmentRegister segment) =>
        (_value & ((1 << SegmentShift) - 1)) | SegmentBit | ((int)segment << SegmentShift);
}
