namespace Hypervisor.Core.Guest.Decoding;

/// <summary>The fields of a VEX prefix, whichever of its two lengths it has.</summary>
/// <remarks>Intel SDM vol 2 §2.3.5 and figure 2-9; AMD APM vol 3 §1.7. R, X, B and vvvv are stored inverted; here they are as they count.</remarks>
/// <param name="extensions">The byte behind C4, or its like with X and B taken as absent.</param>
/// <param name="last">The last byte, with W clear where it came from the short form.</param>
public readonly struct VexPrefix(byte extensions, byte last)
{
    /// <summary>First byte of the short form.</summary>
    public const byte Short = 0xC5;

    /// <summary>First byte of the long form.</summary>
    public const byte Long = 0xC4;

    private const int RegBit = 1 << 7;
    private const int IndexBit = 1 << 6;
    private const int BaseBit = 1 << 5;
    private const int WideBit = 1 << 7;
    private const int LengthBit = 1 << 2;
    private const int PrefixMask = 3;
    private const int SourceShift = 3;
    private const int SourceMask = 0xF;
    private const int OldSourceMask = 7;
    private const int Extension = 8;

    /// <summary>VEX.R as 0 or 8, to be added to ModRM.Reg.</summary>
    public int RegExtension => (extensions & RegBit) == 0 ? Extension : 0;

    /// <summary>VEX.X as 0 or 8, to be added to SIB.Index.</summary>
    public int IndexExtension => (extensions & IndexBit) == 0 ? Extension : 0;

    /// <summary>VEX.B as 0 or 8, to be added to ModRM.Rm or SIB.Base.</summary>
    public int BaseExtension => (extensions & BaseBit) == 0 ? Extension : 0;

    /// <summary>VEX.W.</summary>
    public bool Wide => (last & WideBit) != 0;

    /// <summary>VEX.L: the instruction has 256 bits.</summary>
    public bool Is256 => (last & LengthBit) != 0;

    /// <summary>VEX.vvvv: a further source register, 0 where there is none.</summary>
    public int Source => ~(last >> SourceShift) & SourceMask;

    /// <summary>VEX.pp.</summary>
    public MandatoryPrefix Prefix => (MandatoryPrefix)(last & PrefixMask);

    /// <summary>The fields of the short form (C5), whose one byte has R where the long form has W.</summary>
    public static VexPrefix FromShort(byte value) => new((byte)(value | IndexBit | BaseBit), (byte)(value & ~WideBit));

    /// <summary>
    /// The same outside 64-bit mode: there are eight registers, and what would name others is ignored (Intel SDM vol 2 §2.3.5.2). Not so in VEX.vvvv where it names none.
    /// </summary>
    public VexPrefix WithEightRegisters => new((byte)(extensions | RegBit | IndexBit | BaseBit), last);

    /// <summary><see cref="Source"/> outside 64-bit mode, where it names a register.</summary>
    public int SourceOfEight => Source & OldSourceMask;
}
