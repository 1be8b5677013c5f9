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
        0x28, 0x29, 0x2A, 0x2B, 0x30, 0x31, 0x32, 0x33, 0x38, 0x39, 0x3A, 0x3B, 0x63, 0x69, 0x6B, 0x80, 0x81, 0x82, 0x83, 0x84,
        0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8B, 0x8C, 0x8F, 0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xAA, 0xAB, 0xAC,
        0xAD, 0xAE, 0xAF, 0xC0, 0xC1, 0xC6, 0xC7, 0xD0, 0xD1, 0xD2, 0xD3, 0xF6, 0xF7, 0xFE, 0xFF,
    ];

    private static ReadOnlySpan<byte> EscapedOpcodes =>
    [
        0x10, 0x11, 0x12, 0x13, 0x16, 0x17, 0x28, 0x29, 0x2B, 0x40, 0x4F, 0x6E, 0x6F, 0x7E, 0x7F, 0x90, 0x9F, 0xA3, 0xA4, 0xA5, 0xAB,
        0xAC, 0xAD, 0xAF, 0xB0, 0xB1, 0xB3, 0xB6, 0xB7, 0xBA, 0xBB, 0xBE, 0xBF, 0xC0, 0xC1, 0xC3, 0xC7, 0xD6, 0xE7, 0xF0,
    ];

    private static ReadOnlySpan<byte> VectorOpcodes =>
        [0x10, 0x11, 0x12, 0x13, 0x16, 0x17, 0x28, 0x29, 0x2A, 0x2B, 0x6E, 0x6F, 0x7E, 0x7F, 0xD6, 0xE7, 0xF0];

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
        Assert.Equal(0x300, store.Address.Displacement);
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
    [InlineData("660FC300")] // MOVNTI has no prefix
    [InlineData("FF18")] // CALL FAR
    [InlineData("8E18")] // MOV DS, [RAX]
    [InlineData("0FC738")] // VMPTRST
    [InlineData("C5F85800")] // VADDPS
    [InlineData("0F5800")] // ADDPS
    [InlineData("0F6F00")] // MOVQ MM0, [RAX]
    [InlineData("62F17C481000")] // VMOVUPS ZMM
    [InlineData("89C0")] // MOV EAX, EAX
    [InlineData("D900")] // FLD
    [InlineData("66FF10")] // CALL: the vendors disagree about the prefix
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
        Compare(seed: 6, Fuzz.Rounds(1_500_000), likely: true);
    }

    [Fact]
    public void Every_part_agrees_with_an_independent_decoder_on_noise()
    {
        Compare(seed: 7, Fuzz.Rounds(1_000_000), likely: false);
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
            MemoryOperation operation = ExpectedOperation(expected, code, width);
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
        Check(actual.MemorySize == SizeOf(expected), expected, "memory size");

        Check(actual.IsAligned == OperationOracle.MustBeAligned(expected), expected, "alignment");
        Check(actual.AllowsLock || !expected.HasLockPrefix, expected, "allows lock");
        InstructionInfo info = s_information.GetInfo(expected);
        CompareAccess(expected, actual, info);
        if (actual.IsString)
        {
            bool isAccumulator = actual.Other == OtherOperand.Register && actual.Register == 0 && actual.RegisterSize == actual.MemorySize;
            Check(actual.Operation is MemoryOperation.MoveString or MemoryOperation.CompareString || isAccumulator, expected, "string");
            Check(actual.Operation is MemoryOperation.StoreString or MemoryOperation.ScanString || actual.Address.Segment == SegmentOf(expected), expected, "segment");
            return;
        }

        CompareOther(expected, actual, info);
        CompareAddress(expected, actual);
    }

    private static void CompareAccess(in Instruction expected, in MemoryInstruction actual, InstructionInfo info)
    {
        bool read = false;
        bool write = false;
        int operand = OperationOracle.MemoryOperand(expected);
        if (operand >= 0)
        {
            (read, write) = Directions(info.GetOpAccess(operand));
        }
        else
        {
            foreach (UsedMemory memory in info.GetUsedMemory())
            {
                (bool reads, bool writes) = Directions(memory.Access);
                read |= reads;
                write |= writes;
            }
        }

        Check(actual.IsRead == read, expected, "read");
        Check(actual.IsWrite == write, expected, "write");
    }

    private static (bool Read, bool Write) Directions(OpAccess access) => (
        access is OpAccess.Read or OpAccess.CondRead or OpAccess.ReadWrite or OpAccess.ReadCondWrite,
        access is OpAccess.Write or OpAccess.CondWrite or OpAccess.ReadWrite or OpAccess.ReadCondWrite);

    private static void CompareOther(in Instruction expected, in MemoryInstruction actual, InstructionInfo info)
    {
        int memory = OperationOracle.MemoryOperand(expected);
        bool hasRegister = false;
        for (int operand = 0; operand < expected.OpCount; operand++)
        {
            if (operand == memory)
            {
                continue;
            }

            if (expected.GetOpKind(operand) != OpKind.Register)
            {
                CompareImmediate(expected, actual, expected.GetImmediate(operand));
                Check(hasRegister || actual.Other == OtherOperand.Immediate, expected, "immediate");
            }
            else if (!hasRegister)
            {
                hasRegister = true;
                CompareRegister(expected, actual, expected.GetOpRegister(operand), info.GetOpAccess(operand));
            }
            else if (operand == expected.OpCount - 1)
            {
                Check(expected.GetOpRegister(operand) == Iced.Intel.Register.CL && actual.IsCountInCounter, expected, "count");
            }
            else
            {
                Check(actual.Source == expected.GetOpRegister(operand).GetNumber(), expected, "source");
            }
        }

        Check(expected.OpCount > 1 || actual.Other == OtherOperand.None, expected, "no other operand");
    }

    private static void CompareImmediate(in Instruction expected, in MemoryInstruction actual, ulong immediate)
    {
        long value = actual.Operation is >= MemoryOperation.BitTest and <= MemoryOperation.BitTestAndComplement
            ? (long)immediate & ((actual.MemorySize * 8) - 1)
            : SignExtend(immediate, actual.MemorySize);
        bool isCount = actual.Operation is >= MemoryOperation.RotateLeft and <= MemoryOperation.ShiftRightDouble;
        Check(isCount ? (byte)actual.Immediate == (byte)immediate : actual.Immediate == value, expected, "immediate value");
        Check(!actual.IsCountInCounter, expected, "immediate count");
    }

    private static void CompareRegister(in Instruction expected, in MemoryInstruction actual, Iced.Intel.Register register, OpAccess access)
    {
        OtherOperand kind = register.IsSegmentRegister() ? OtherOperand.Segment : register.IsGPR() ? OtherOperand.Register : OtherOperand.Vector;
        Check(actual.Other == kind, expected, "register kind");
        Check(kind == OtherOperand.Segment || actual.RegisterSize == register.GetSize(), expected, "register size");
        Check(actual.Register == (kind == OtherOperand.Register ? register.GetFullRegister() : register).GetNumber(), expected, "register number");
        bool isHighByte = register is Iced.Intel.Register.AH or Iced.Intel.Register.BH or Iced.Intel.Register.CH or Iced.Intel.Register.DH;
        Check(actual.IsHighByte == isHighByte, expected, "high byte");
        bool isImplied = actual.Operation is MemoryOperation.VectorLoadLow or MemoryOperation.VectorLoadHigh;
        Check(isImplied || actual.WritesRegister == Directions(access).Write, expected, "writes register");
    }

    private static void CompareAddress(in Instruction expected, in MemoryInstruction actual)
    {
        MemoryAddress address = actual.Address;
        Check(address.IsRipRelative == expected.IsIPRelativeMemoryOperand, expected, "RIP-relative");
        Check(address.Segment == SegmentOf(expected), expected, "segment");
        if (expected.IsIPRelativeMemoryOperand)
        {
            ulong target = (ulong)(address.Displacement + actual.Length);
            Check((address.Size == 4 ? (uint)target : target) == expected.MemoryDisplacement64, expected, "target");
            return;
        }

        ulong mask = address.Size switch { 2 => 0xFFFF, 4 => uint.MaxValue, _ => ulong.MaxValue };
        Check(((ulong)address.Displacement & mask) == (expected.MemoryDisplacement64 & mask), expected, "displacement");
        Check(address.Base == NumberOf(expected.MemoryBase), expected, "base");
        Check(address.Index == NumberOf(expected.MemoryIndex), expected, "index");
        Check(address.Index < 0 || address.Scale == expected.MemoryIndexScale, expected, "scale");
        Check(expected.MemoryBase == Iced.Intel.Register.None || expected.MemoryBase.GetSize() == address.Size, expected, "address size");
    }

    private static int NumberOf(Iced.Intel.Register register) => register == Iced.Intel.Register.None ? MemoryAddress.None : register.GetFullRegister().GetNumber();

    private static void PutLikely(CodeBytes bytes, byte[] code)
    {
        int position = 0;
        for (int prefixes = bytes.Next(4); prefixes > 0; prefixes--)
        {
            code[position++] = bytes.Pick(Prefixes);
        }

        switch (bytes.Next(10))
        {
            case 0 or 1 or 2 or 3:
                code[position] = bytes.Pick(PrimaryOpcodes);
                break;
            case 4 or 5 or 6:
                code[position] = 0x0F;
                code[position + 1] = bytes.Pick(EscapedOpcodes);
                break;
            case 7:
                code[position] = 0xC5;
                code[position + 1] |= (byte)(bytes.Next(2) == 0 ? 0x78 : 0xC0);
                code[position + 2] = bytes.Pick(VectorOpcodes);
                break;
            case 8:
                code[position] = 0xC4;
                code[position + 1] = (byte)((code[position + 1] & 0xE0) | bytes.Pick([1, 1, 2, 0xC1]));
                code[position + 2] |= (byte)(bytes.Next(2) == 0 ? 0x78 : 0);
                code[position + 3] = bytes.Pick(VectorOpcodes);
                break;
            default:
                code[position] = 0x0F;
                code[position + 1] = 0x38;
                code[position + 2] = bytes.Pick([0xF0, 0xF1, 0xF9, 0x2A]);
                break;
        }
    }

    /// <summary>The vendors disagree about the operand-size prefix on a near branch: such ones are not known here.</summary>
    private static MemoryOperation ExpectedOperation(in Instruction instruction, byte[] code, CodeWidth width)
    {
        MemoryOperation operation = OperationOracle.OperationOf(instruction);
        bool isDisputed = operation is MemoryOperation.Call or MemoryOperation.Jump
            && width == CodeWidth.Bits64
            && InstructionLayout.TryParse(code, width, NearBranchRule.Intel, out InstructionLayout layout)
            && layout.Prefixes.OperandSize && !layout.Rex.Wide;
        return isDisputed ? MemoryOperation.Unknown : operation;
    }

    private static int SizeOf(in Instruction instruction) => instruction.MemorySize.GetSize();

    /// <summary>Iced also reports overrides that have no effect: the four old segments in 64-bit mode.</summary>
    private static SegmentRegister SegmentOf(in Instruction instruction)
    {
        bool ignored = instruction.CodeSize == CodeSize.Code64
            && instruction.SegmentPrefix is not (Iced.Intel.Register.FS or Iced.Intel.Register.GS);
        if (instruction.HasSegmentPrefix && !ignored)
        {
            return (SegmentRegister)instruction.SegmentPrefix.GetNumber();
        }

        return NumberOf(instruction.MemoryBase) is 4 or 5 && !instruction.IsStringInstruction ? SegmentRegister.Ss : SegmentRegister.Ds;
    }

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
