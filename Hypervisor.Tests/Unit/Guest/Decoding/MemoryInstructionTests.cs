using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Decoding;
using Iced.Intel;
using Xunit;

namespace Hypervisor.Tests.Unit.Guest.Decoding;

public class MemoryInstructionTests
{
    private static readonly InstructionInfoFactory s_information = new();

    private static ReadOnlySpan<byte> PrimaryOpcodes =>
    [
        0x00, 0x01, 0x02, 0x03, 0x08, 0x09, 0x0A, 0x0B, 0x10, 0x11, 0x12, 0x13, 0x18, 0x19, 0x1A, 0x1B, 0x20, 0x21, 0x22, 0x23,
        0x28, 0x29, 0x2A, 0x2B, 0x30, 0x31, 0x32, 0x33, 0x38, 0x39, 0x3A, 0x3B, 0x63, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86,
        0x87, 0x88, 0x89, 0x8A, 0x8B, 0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xAA, 0xAB, 0xAC, 0xAD, 0xC6, 0xC7, 0xF6, 0xF7, 0xFE,
        0xFF,
    ];

    private static ReadOnlySpan<byte> EscapedOpcodes =>
        [0xA3, 0xAB, 0xB3, 0xBB, 0xBA, 0xB0, 0xB1, 0xB6, 0xB7, 0xBE, 0xBF, 0xC0, 0xC1, 0xC3];

    private static ReadOnlySpan<byte> Prefixes =>
        [0x66, 0x67, 0xF0, 0xF2, 0xF3, 0x2E, 0x36, 0x64, 0x65, 0x40, 0x41, 0x44, 0x48, 0x4C, 0x4F];

    [Fact]
    public void A_store_to_the_interrupt_command_register_is_read_as_one()
    {
        // MOV [RDI+300h], EAX
        Assert.True(MemoryInstruction.TryDecode([0x89, 0x87, 0x00, 0x03, 0x00, 0x00], CodeWidth.Bits64, out MemoryInstruction store));
        Assert.Equal(MemoryOperation.Move, store.Operation);
        Assert.True(store.IsWrite);
        Assert.False(store.IsRead);
        Assert.Equal(4, store.MemorySize);
        Assert.Equal(0, store.Register);
        Assert.Equal(0x300, store.Displacement);
        Assert.Equal(6, store.Length);
    }

    [Theory]
    [InlineData("8027FE", MemoryOperation.And, -2)]
    [InlineData("48C70000000080", MemoryOperation.Move, -0x80000000L)]
    [InlineData("830FFF", MemoryOperation.Or, -1)]
    [InlineData("0FBA28FF", MemoryOperation.BitTestAndSet, 31)]
    [InlineData("480FBA28FF", MemoryOperation.BitTestAndSet, 63)]
    public void Immediates_are_sign_extended_and_bit_numbers_stay_in_the_operand(string hex, MemoryOperation operation, long immediate)
    {
        Assert.True(MemoryInstruction.TryDecode(Convert.FromHexString(hex), CodeWidth.Bits64, out MemoryInstruction instruction));
        Assert.Equal(operation, instruction.Operation);
        Assert.Equal(OtherOperand.Immediate, instruction.Other);
        Assert.Equal(immediate, instruction.Immediate);
    }

    [Theory]
    [InlineData("FF30")] // PUSH [RAX]
    [InlineData("8F00")] // POP [RAX]
    [InlineData("0FC708")] // CMPXCHG8B
    [InlineData("C5F81000")] // VMOVUPS
    [InlineData("0F1000")] // MOVUPS
    [InlineData("89C0")] // MOV EAX, EAX
    [InlineData("F720")] // MUL [RAX]
    public void Other_instructions_are_unknown_but_measured(string hex)
    {
        byte[] code = Convert.FromHexString(hex);
        Assert.False(MemoryInstruction.TryDecode(code, CodeWidth.Bits64, out MemoryInstruction instruction));
        Assert.Equal(MemoryOperation.Unknown, instruction.Operation);
        Assert.Equal(code.Length, instruction.Length);
    }

    [Fact]
    public void Whatever_is_given_nothing_is_read_beyond_it()
    {
        CodeBytes bytes = new(5);
        byte[] code = new byte[15];
        for (int round = Fuzz.Rounds(300_000); round > 0; round--)
        {
            bytes.Fill(code);
            MemoryInstruction.TryDecode(code.AsSpan(0, bytes.Next(16)), bytes.NextWidth(), out _);
        }
    }

    [Fact]
    public void Every_part_agrees_with_an_independent_decoder_on_likely_opcodes()
    {
        Compare(seed: 6, Fuzz.Rounds(2_000_000), likely: true);
    }

    [Fact]
    public void Every_part_agrees_with_an_independent_decoder_on_noise()
    {
        Compare(seed: 7, Fuzz.Rounds(1_500_000), likely: false);
    }

    private static void Compare(int seed, int rounds, bool likely)
    {
        CodeBytes bytes = new(seed);
        byte[] code = new byte[15];
        Oracle oracle = new(code, DecoderOptions.None);
        int known = 0;
        for (int round = 0; round < rounds; round++)
        {
            bytes.Fill(code);
            if (likely)
            {
                PutLikely(bytes, code);
            }

            CodeWidth width = bytes.NextWidth();
            Instruction expected = oracle.Decode(width);
            if (expected.IsInvalid)
            {
                // Among them LOCK where it is not allowed: the processor raises #UD before any access.
                continue;
            }

            bool found = MemoryInstruction.TryDecode(code, width, out MemoryInstruction actual);
            MemoryOperation operation = OperationOf(expected);
            Check(found == (operation != MemoryOperation.Unknown) && actual.Operation == operation, expected, "operation");
            if (!found)
            {
                continue;
            }

            known++;
            CompareParts(expected, actual);
        }

        Assert.True(known > rounds / (likely ? 4 : 40), $"only {known} of {rounds} were known");
    }

    private static void CompareParts(in Instruction expected, in MemoryInstruction actual)
    {
        Check(actual.Length == expected.Length, expected, "length");
        Check(actual.Layout.Prefixes.Lock == expected.HasLockPrefix || expected.Mnemonic == Mnemonic.Xchg, expected, "lock");
        Check(actual.IsRepeated == (actual.IsString && (expected.HasRepPrefix || expected.HasRepnePrefix)), expected, "repeat");
        Check(actual.HasSegment == HasSegment(expected), expected, "segment");
        Check(!actual.HasSegment || actual.Segment == SegmentOf(expected.SegmentPrefix), expected, "segment register");
        Check(actual.MemorySize == SizeOf(expected), expected, "memory size");

        InstructionInfo info = s_information.GetInfo(expected);
        bool read = false;
        bool write = false;
        foreach (UsedMemory memory in info.GetUsedMemory())
        {
            read |= memory.Access is OpAccess.Read or OpAccess.CondRead or OpAccess.ReadWrite or OpAccess.ReadCondWrite;
            write |= memory.Access is OpAccess.Write or OpAccess.CondWrite or OpAccess.ReadWrite or OpAccess.ReadCondWrite;
        }

        Check(actual.IsRead == read, expected, "read");
        Check(actual.IsWrite == write, expected, "write");
        if (actual.IsString)
        {
            bool isAccumulator = actual.Other == OtherOperand.Register && actual.Register == 0 && actual.RegisterSize == actual.MemorySize;
            Check(actual.Operation == MemoryOperation.MoveString || isAccumulator, expected, "string");
            return;
        }

        CompareOther(expected, actual, info);
        CompareAddress(expected, actual);
    }

    private static void CompareOther(in Instruction expected, in MemoryInstruction actual, InstructionInfo info)
    {
        if (expected.OpCount < 2)
        {
            Check(actual.Other == OtherOperand.None, expected, "no other operand");
            return;
        }

        int other = expected.Op0Kind == OpKind.Memory ? 1 : 0;
        if (expected.GetOpKind(other) != OpKind.Register)
        {
            Check(actual.Other == OtherOperand.Immediate, expected, "immediate");
            long value = actual.Operation is >= MemoryOperation.BitTest and <= MemoryOperation.BitTestAndComplement
                ? (long)expected.GetImmediate(other) & ((actual.MemorySize * 8) - 1)
                : SignExtend(expected.GetImmediate(other), actual.MemorySize);
            Check(actual.Immediate == value, expected, "immediate value");
            Check(!actual.WritesRegister, expected, "writes register");
            return;
        }

        Iced.Intel.Register register = expected.GetOpRegister(other);
        Check(actual.Other == OtherOperand.Register, expected, "register");
        Check(actual.RegisterSize == register.GetSize(), expected, "register size");
        Check(actual.Register == register.GetFullRegister().GetNumber(), expected, "register number");
        bool isHighByte = register is Iced.Intel.Register.AH or Iced.Intel.Register.BH or Iced.Intel.Register.CH or Iced.Intel.Register.DH;
        Check(actual.IsHighByte == isHighByte, expected, "high byte");
        OpAccess access = info.GetOpAccess(other);
        Check(actual.WritesRegister == access is OpAccess.Write or OpAccess.ReadWrite, expected, "writes register");
    }

    private static void CompareAddress(in Instruction expected, in MemoryInstruction actual)
    {
        Check(actual.Layout.IsRipRelative == expected.IsIPRelativeMemoryOperand, expected, "RIP-relative");
        if (expected.IsIPRelativeMemoryOperand)
        {
            ulong target = (ulong)(actual.Displacement + actual.Length);
            Check((actual.Layout.AddressSize == 4 ? (uint)target : target) == expected.MemoryDisplacement64, expected, "target");
            return;
        }

        ulong mask = actual.Layout.AddressSize switch { 2 => 0xFFFF, 4 => uint.MaxValue, _ => ulong.MaxValue };
        Check(((ulong)actual.Displacement & mask) == (expected.MemoryDisplacement64 & mask), expected, "displacement");
        if (!actual.Layout.HasModRm || actual.Layout.AddressSize == 2)
        {
            return;
        }

        // Enough to show that the parts suffice to compute the address later.
        RexPrefix rex = actual.Layout.Rex;
        int baseNumber = actual.Layout.HasSib ? actual.Layout.Sib.Base : actual.Layout.ModRm.Rm;
        bool hasBase = actual.Layout.ModRm.Mod != 0 || baseNumber != 5;
        Check(hasBase == (expected.MemoryBase != Iced.Intel.Register.None), expected, "base");
        Check(!hasBase || baseNumber + rex.BaseExtension == expected.MemoryBase.GetNumber(), expected, "base number");
        bool hasIndex = actual.Layout.HasSib && actual.Layout.Sib.Index + rex.IndexExtension != 4;
        Check(hasIndex == (expected.MemoryIndex != Iced.Intel.Register.None), expected, "index");
        Check(!hasIndex || actual.Layout.Sib.Index + rex.IndexExtension == expected.MemoryIndex.GetNumber(), expected, "index number");
        Check(!hasIndex || actual.Layout.Sib.Scale == expected.MemoryIndexScale, expected, "scale");
    }

    private static void PutLikely(CodeBytes bytes, byte[] code)
    {
        int position = 0;
        for (int prefixes = bytes.Next(4); prefixes > 0; prefixes--)
        {
            code[position++] = bytes.Pick(Prefixes);
        }

        switch (bytes.Next(8))
        {
            case 0 or 1 or 2 or 3 or 4:
                code[position] = bytes.Pick(PrimaryOpcodes);
                break;
            case 5 or 6:
                code[position] = 0x0F;
                code[position + 1] = bytes.Pick(EscapedOpcodes);
                break;
            default:
                code[position] = 0x0F;
                code[position + 1] = 0x38;
                code[position + 2] = bytes.Pick([0xF0, 0xF1, 0xF9]);
                break;
        }
    }

    private static MemoryOperation OperationOf(in Instruction instruction)
    {
        bool isString = instruction.IsStringInstruction;
        bool hasMemory = isString;
        bool plain = true;
        for (int operand = 0; operand < instruction.OpCount; operand++)
        {
            hasMemory |= instruction.GetOpKind(operand) == OpKind.Memory;
            plain &= instruction.GetOpKind(operand) != OpKind.Register || instruction.GetOpRegister(operand).IsGPR();
        }

        if (!hasMemory || !plain || instruction.Encoding != EncodingKind.Legacy)
        {
            return MemoryOperation.Unknown;
        }

        return instruction.Mnemonic switch
        {
            Mnemonic.Mov or Mnemonic.Movnti or Mnemonic.Movdiri => MemoryOperation.Move,
            Mnemonic.Movzx => MemoryOperation.MoveZeroExtend,
            Mnemonic.Movsx or Mnemonic.Movsxd => MemoryOperation.MoveSignExtend,
            Mnemonic.Movbe => MemoryOperation.MoveReversed,
            Mnemonic.Xchg => MemoryOperation.Exchange,
            Mnemonic.Add => MemoryOperation.Add,
            Mnemonic.Or => MemoryOperation.Or,
            Mnemonic.Adc => MemoryOperation.AddWithCarry,
            Mnemonic.Sbb => MemoryOperation.SubtractWithBorrow,
            Mnemonic.And => MemoryOperation.And,
            Mnemonic.Sub => MemoryOperation.Subtract,
            Mnemonic.Xor => MemoryOperation.ExclusiveOr,
            Mnemonic.Cmp => MemoryOperation.Compare,
            Mnemonic.Test => MemoryOperation.Test,
            Mnemonic.Inc => MemoryOperation.Increment,
            Mnemonic.Dec => MemoryOperation.Decrement,
            Mnemonic.Not => MemoryOperation.Not,
            Mnemonic.Neg => MemoryOperation.Negate,
            Mnemonic.Bt => MemoryOperation.BitTest,
            Mnemonic.Bts => MemoryOperation.BitTestAndSet,
            Mnemonic.Btr => MemoryOperation.BitTestAndReset,
            Mnemonic.Btc => MemoryOperation.BitTestAndComplement,
            Mnemonic.Xadd => MemoryOperation.ExchangeAdd,
            Mnemonic.Cmpxchg => MemoryOperation.CompareExchange,
            Mnemonic.Stosb or Mnemonic.Stosw or Mnemonic.Stosd or Mnemonic.Stosq => MemoryOperation.StoreString,
            Mnemonic.Lodsb or Mnemonic.Lodsw or Mnemonic.Lodsd or Mnemonic.Lodsq => MemoryOperation.LoadString,
            Mnemonic.Movsb or Mnemonic.Movsw or Mnemonic.Movsd or Mnemonic.Movsq
                => isString ? MemoryOperation.MoveString : MemoryOperation.Unknown,
            _ => MemoryOperation.Unknown,
        };
    }

    private static int SizeOf(in Instruction instruction) => instruction.MemorySize.GetSize();

    /// <summary>Iced also reports overrides that have no effect: the four old segments in 64-bit mode, any on STOS.</summary>
    private static bool HasSegment(in Instruction instruction)
    {
        bool ignored = instruction.CodeSize == CodeSize.Code64
            && instruction.SegmentPrefix is not (Iced.Intel.Register.FS or Iced.Intel.Register.GS);
        bool store = instruction.Mnemonic is Mnemonic.Stosb or Mnemonic.Stosw or Mnemonic.Stosd or Mnemonic.Stosq;
        return instruction.HasSegmentPrefix && !ignored && !store;
    }

    private static SegmentRegister SegmentOf(Iced.Intel.Register register) => (SegmentRegister)register.GetNumber();

    private static long SignExtend(ulong value, int size) => size switch
    {
        1 => (sbyte)value,
        2 => (short)value,
        4 => (int)value,
        _ => (long)value,
    };

    private static void Check(bool condition, in Instruction instruction, string part)
    {
        if (!condition)
        {
            Assert.Fail($"{part} of {instruction} ({instruction.Code}, {instruction.CodeSize}, {instruction.Length} bytes)");
        }
    }
}
