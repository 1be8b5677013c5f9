using System;

namespace Hypervisor.Core.Guest.Decoding;

/// <summary>Where the parts of one instruction are: prefixes, opcode, ModRM, SIB, displacement, immediate, and so its length.</summary>
/// <remarks>
/// Intel SDM vol 2 chapter 2; AMD APM vol 3 chapter 1. Answers "how long", not "is it valid": the instructions that are asked about have
/// made an exit, so the processor has found them valid. Not known: REX2 and EVEX map 4 (APX), VEX map 7.
/// </remarks>
public struct InstructionLayout
{
    /// <summary>No instruction is longer; one that would be raises #GP (SDM vol 2 §2.3.11; APM vol 3 §1.1).</summary>
    public const int MaximumLength = 15;

    private byte _position;

    /// <summary>Total length in bytes, 1 to 15.</summary>
    public byte Length => _position;

    /// <summary>The legacy prefixes.</summary>
    public LegacyPrefixes Prefixes { get; private set; }

    /// <summary>The REX prefix that counts: the one directly in front of the opcode. Not the bits inside VEX, EVEX and XOP.</summary>
    public RexPrefix Rex { get; private set; }

    /// <summary>The fields of the VEX prefix; meaningful where <see cref="Encoding"/> says that there is one.</summary>
    public VexPrefix Vex { get; private set; }

    /// <summary>How the opcode is introduced.</summary>
    public OpcodeEncoding Encoding { get; private set; }

    /// <summary>The table the opcode belongs to.</summary>
    public OpcodeMap Map { get; private set; }

    /// <summary>The opcode byte, the last one where there are escapes.</summary>
    public byte Opcode { get; private set; }

    /// <summary>Offset of <see cref="Opcode"/> in the instruction.</summary>
    public byte OpcodeOffset { get; private set; }

    /// <summary>There is a ModRM byte.</summary>
    public bool HasModRm { get; private set; }

    /// <summary>The ModRM byte, 0 without one.</summary>
    public ModRm ModRm { get; private set; }

    /// <summary>There is a SIB byte.</summary>
    public bool HasSib { get; private set; }

    /// <summary>The SIB byte, 0 without one.</summary>
    public Sib Sib { get; private set; }

    /// <summary>Offset of the displacement in the instruction.</summary>
    public byte DisplacementOffset { get; private set; }

    /// <summary>Length of the displacement: 0, 1, 2 or 4; up to 8 for a direct address (MOV A0 to A3).</summary>
    public byte DisplacementSize { get; private set; }

    /// <summary>Offset of the immediate in the instruction.</summary>
    public byte ImmediateOffset { get; private set; }

    /// <summary>Length of all immediate bytes together, 0 to 8.</summary>
    public byte ImmediateSize { get; private set; }

    /// <summary>Effective operand size of a legacy instruction that obeys it: 2, 4 or 8 bytes.</summary>
    public byte OperandSize { get; private set; }

    /// <summary>Effective address size: 2, 4 or 8 bytes.</summary>
    public byte AddressSize { get; private set; }

    /// <summary>The memory operand is relative to the address of the next instruction (64-bit mode, ModRM.Mod 0 and Rm 5).</summary>
    public bool IsRipRelative { get; private set; }

    /// <summary>What REX or VEX add to ModRM.Reg: 0 or 8. Not for EVEX and XOP.</summary>
    public readonly int RegExtension => Encoding == OpcodeEncoding.Vex ? Vex.RegExtension : Rex.RegExtension;

    /// <summary>What REX or VEX add to SIB.Index: 0 or 8. Not for EVEX and XOP.</summary>
    public readonly int IndexExtension => Encoding == OpcodeEncoding.Vex ? Vex.IndexExtension : Rex.IndexExtension;

    /// <summary>What REX or VEX add to ModRM.Rm and SIB.Base: 0 or 8. Not for EVEX and XOP.</summary>
    public readonly int BaseExtension => Encoding == OpcodeEncoding.Vex ? Vex.BaseExtension : Rex.BaseExtension;

    /// <summary>Takes one instruction apart.</summary>
    /// <param name="code">Its first bytes; bytes after it do not matter, nor does anything after the fifteenth.</param>
    /// <param name="width">Mode of the code.</param>
    /// <param name="rule">The vendor's rule for near branches in 64-bit mode.</param>
    /// <param name="layout">The parts; meaningful only on success.</param>
    /// <returns>False where the bytes end too early, are no opcode, or make more than fifteen.</returns>
    public static bool TryParse(ReadOnlySpan<byte> code, CodeWidth width, NearBranchRule rule, out InstructionLayout layout)
    {
        layout = default;
        if (code.Length > MaximumLength)
        {
            code = code.Slice(0, MaximumLength);
        }

        OpcodeForm form;
        if (!layout.ParsePrefixes(code, width) || !layout.ParseOpcode(code, width, out form) || form.IsInvalid(width))
        {
            return false;
        }

        if (form.HasModRm && !layout.ParseModRm(code, width, form.RegistersOnly))
        {
            return false;
        }

        return layout.ParseImmediate(code, width, rule, form.Immediate);
    }

    private bool ParsePrefixes(ReadOnlySpan<byte> code, CodeWidth width)
    {
        while (_position < code.Length)
        {
            byte next = code[_position];
            if (Prefixes.TryAdd(next, width, out LegacyPrefixes extended))
            {
                Prefixes = extended;
                // A REX that is not directly in front of the opcode is ignored (SDM vol 2 §2.2.1; APM vol 3 §1.2.7).
                Rex = default;
            }
            else if (width == CodeWidth.Bits64 && (next & 0xF0) == 0x40)
            {
                Rex = new RexPrefix(next);
            }
            else
            {
                SetSizes(width);
                return true;
            }

            _position++;
        }

        return false;
    }

    private void SetSizes(CodeWidth width)
    {
        if (width == CodeWidth.Bits64)
        {
            OperandSize = Rex.Wide ? (byte)8 : Prefixes.OperandSize ? (byte)2 : (byte)4;
            AddressSize = Prefixes.AddressSize ? (byte)4 : (byte)8;
        }
        else
        {
            bool wide = width == CodeWidth.Bits32;
            OperandSize = wide != Prefixes.OperandSize ? (byte)4 : (byte)2;
            AddressSize = wide != Prefixes.AddressSize ? (byte)4 : (byte)2;
        }
    }

    private bool ParseOpcode(ReadOnlySpan<byte> code, CodeWidth width, out OpcodeForm form)
    {
        byte first = code[_position];
        if (first == 0x0F)
        {
            return ParseEscape(code, out form);
        }

        if (first is 0xC4 or 0xC5 or 0x62 or 0x8F && IsVector(code, width, first))
        {
            bool parsed = ParseVector(code, first, out form);
            Vex = width == CodeWidth.Bits64 ? Vex : Vex.WithEightRegisters;
            return parsed;
        }

        SetOpcode(OpcodeMap.Primary, first);
        form = OpcodeTable.Legacy(OpcodeMap.Primary, first);
        return true;
    }

    private bool ParseEscape(ReadOnlySpan<byte> code, out OpcodeForm form)
    {
        form = default;
        _position++;
        if (_position >= code.Length)
        {
            return false;
        }

        OpcodeMap map = OpcodeMap.Escape0F;
        byte opcode = code[_position];
        if (opcode is 0x38 or 0x3A)
        {
            map = opcode == 0x38 ? OpcodeMap.Escape0F38 : OpcodeMap.Escape0F3A;
            _position++;
            if (_position >= code.Length)
            {
                return false;
            }

            opcode = code[_position];
        }

        SetOpcode(map, opcode);
        form = OpcodeTable.Legacy(map, opcode);
        return true;
    }

    /// <summary>Tells VEX, EVEX and XOP from the older instructions that share their first byte.</summary>
    private readonly bool IsVector(ReadOnlySpan<byte> code, CodeWidth width, byte first)
    {
        if (_position + 1 >= code.Length)
        {
            // LES, LDS, BOUND and POP have a ModRM byte there, so both readings end too early.
            return false;
        }

        byte second = code[_position + 1];
        if (first == 0x8F)
        {
            // POP has ModRM.Reg 0, an XOP map select is 8 or more (APM vol 3 §1.2.9).
            return (second & 0x1F) >= 8;
        }

        // Outside 64-bit mode LES, LDS and BOUND exist, but only with a memory operand (SDM vol 2 §2.3.5, §2.7.1).
        return width == CodeWidth.Bits64 || second >= 0xC0;
    }

    private bool ParseVector(ReadOnlySpan<byte> code, byte first, out OpcodeForm form)
    {
        form = default;
        int prefixLength = first switch
        {
            0xC5 => 2,
            0x62 => 4,
            _ => 3,
        };
        int opcodeAt = _position + prefixLength;
        if (opcodeAt >= code.Length)
        {
            return false;
        }

        byte second = code[_position + 1];
        OpcodeMap map;
        switch (first)
        {
            case VexPrefix.Short:
                Encoding = OpcodeEncoding.Vex;
                Vex = VexPrefix.FromShort(second);
                map = OpcodeMap.Escape0F;
                break;
            case VexPrefix.Long:
                Encoding = OpcodeEncoding.Vex;
                Vex = new VexPrefix(second, code[_position + 2]);
                map = (OpcodeMap)(second & 0x1F);
                break;
            case 0x62:
                Encoding = OpcodeEncoding.Evex;
                map = (OpcodeMap)(second & 7);
                break;
            default:
                Encoding = OpcodeEncoding.Xop;
                map = (OpcodeMap)(second & 0x1F);
                break;
        }

        // The maps from 8 on are XOP's, the lower ones are not.
        if (map >= OpcodeMap.Xop8 != (Encoding == OpcodeEncoding.Xop))
        {
            return false;
        }

        _position = (byte)opcodeAt;
        SetOpcode(map, code[opcodeAt]);
        form = OpcodeTable.Vector(Encoding, map, Opcode);
        return true;
    }

    private void SetOpcode(OpcodeMap map, byte opcode)
    {
        Map = map;
        Opcode = opcode;
        OpcodeOffset = _position;
        _position++;
    }

    private bool ParseModRm(ReadOnlySpan<byte> code, CodeWidth width, bool registersOnly)
    {
        if (_position >= code.Length)
        {
            return false;
        }

        ModRm = new ModRm(code[_position]);
        HasModRm = true;
        _position++;
        if (!ModRm.IsMemory || registersOnly)
        {
            return true;
        }

        int size;
        if (AddressSize == 2)
        {
            // SDM vol 2 table 2-1.
            size = ModRm.Mod == 0 ? (ModRm.Rm == 6 ? 2 : 0) : ModRm.Mod;
        }
        else
        {
            // SDM vol 2 table 2-2 and 2-3; RIP-relative: §2.2.1.6.
            int baseField = ModRm.Rm;
            if (baseField == 4)
            {
                if (_position >= code.Length)
                {
                    return false;
                }

                Sib = new Sib(code[_position]);
                HasSib = true;
                _position++;
                baseField = Sib.Base;
            }
            else if (baseField == 5 && ModRm.Mod == 0)
            {
                IsRipRelative = width == CodeWidth.Bits64;
            }

            size = ModRm.Mod switch
            {
                0 => baseField == 5 ? 4 : 0,
                1 => 1,
                _ => 4,
            };
        }

        DisplacementOffset = _position;
        DisplacementSize = (byte)size;
        _position += (byte)size;
        return true;
    }

    private bool ParseImmediate(ReadOnlySpan<byte> code, CodeWidth width, NearBranchRule rule, ImmediateForm form)
    {
        int upTo32 = OperandSize == 2 ? 2 : 4;
        int size;
        switch (form)
        {
            case ImmediateForm.Byte:
                size = 1;
                break;
            case ImmediateForm.Word:
                size = 2;
                break;
            case ImmediateForm.OperandUpTo32:
                size = upTo32;
                break;
            case ImmediateForm.Operand:
                size = OperandSize;
                break;
            case ImmediateForm.Offset:
                DisplacementOffset = _position;
                DisplacementSize = AddressSize;
                _position += AddressSize;
                size = 0;
                break;
            case ImmediateForm.FarPointer:
                size = upTo32 + 2;
                break;
            case ImmediateForm.Enter:
                size = 3;
                break;
            case ImmediateForm.NearBranch:
                size = width == CodeWidth.Bits64 && rule == NearBranchRule.Intel ? 4 : upTo32;
                break;
            case ImmediateForm.Group3Byte:
                size = ModRm.Reg < 2 ? 1 : 0;
                break;
            case ImmediateForm.Group3:
                size = ModRm.Reg < 2 ? upTo32 : 0;
                break;
            case ImmediateForm.BytePairIfPrefixed:
                size = Prefixes.OperandSize || Prefixes.RepeatNotEqual ? 2 : 0;
                break;
            case ImmediateForm.DoubleWord:
                size = 4;
                break;
            default:
                size = 0;
                break;
        }

        ImmediateOffset = _position;
        ImmediateSize = (byte)size;
        _position += (byte)size;

        // The slice at the start keeps anything above fifteen bytes out of here.
        return _position <= code.Length;
    }
}
