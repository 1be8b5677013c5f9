using System;
using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Guest.Decoding;

/// <summary>An instruction with one memory operand, taken apart far enough to complete a trapped access to a device register.</summary>
/// <remarks>
/// Covers loads, stores and read-modify-write with general registers and immediates (Intel SDM vol 2; AMD APM vol 3). The address is not
/// computed, the exit gives the guest-physical one; <see cref="Layout"/> and <see cref="Displacement"/> keep what a full emulator needs for
/// it. LOCK is reported as it stands: where it is not allowed, #UD came before the access.
/// </remarks>
public struct MemoryInstruction
{
    /// <summary>Number of the accumulator, AL to RAX.</summary>
    public const int Accumulator = 0;

    private const byte HighByteBase = 4;

    /// <summary>What is done; <see cref="MemoryOperation.Unknown"/> makes everything else but <see cref="Layout"/> meaningless.</summary>
    public MemoryOperation Operation { get; private set; }

    /// <summary>Bytes of memory touched: 1, 2, 4 or 8. For BT and its kin with a register offset: of the unit that holds the bit.</summary>
    public byte MemorySize { get; private set; }

    /// <summary>Bytes of the register operand: 1, 2, 4 or 8. Differs from <see cref="MemorySize"/> for MOVZX, MOVSX and MOVSXD.</summary>
    public byte RegisterSize { get; private set; }

    /// <summary>What stands beside the memory operand.</summary>
    public OtherOperand Other { get; private set; }

    /// <summary>The general register, 0 to 15 in encoding order (rAX, rCX, rDX, rBX, rSP, rBP, rSI, rDI, r8...); where
    /// <see cref="IsHighByte"/>, of the whole register.</summary>
    public byte Register { get; private set; }

    /// <summary>The operand is bits 15:8 of the register: AH, CH, DH or BH.</summary>
    public bool IsHighByte { get; private set; }

    /// <summary>The register receives the result (loads, and ALU operations with memory as source). XCHG, XADD and CMPXCHG write
    /// both.</summary>
    public bool WritesRegister { get; private set; }

    /// <summary>Memory is read.</summary>
    public bool IsRead { get; private set; }

    /// <summary>Memory is written. CMPXCHG counts as a write whatever it finds (SDM vol 2, CMPXCHG).</summary>
    public bool IsWrite { get; private set; }

    /// <summary>The immediate, sign-extended; for BT and its kin the number of the bit in the operand.</summary>
    public long Immediate { get; private set; }

    /// <summary>The displacement, sign-extended; for MOV A0 to A3 the offset itself, zero-extended.</summary>
    public long Displacement { get; private set; }

    /// <summary>The parts of the instruction.</summary>
    public InstructionLayout Layout { get; private set; }

    /// <summary>Total length in bytes, 1 to 15; 0 where nothing could be decoded.</summary>
    public readonly int Length => Layout.Length;

    /// <summary>LOCK prefix, or XCHG, which locks by itself.</summary>
    public readonly bool IsLocked => Layout.Prefixes.Lock || Operation == MemoryOperation.Exchange;

    /// <summary>A repeat prefix in front of a string instruction: RCX, ECX or CX (by address size) counts.</summary>
    public readonly bool IsRepeated => IsString && (Layout.Prefixes.Repeat || Layout.Prefixes.RepeatNotEqual);

    /// <summary>STOS, LODS or MOVS.</summary>
    public readonly bool IsString => Operation >= MemoryOperation.StoreString;

    /// <summary>There is a segment override that counts: never for STOS, whose destination is always ES.</summary>
    public readonly bool HasSegment => Layout.Prefixes.HasSegment && Operation != MemoryOperation.StoreString;

    /// <summary>The overriding segment; meaningless without <see cref="HasSegment"/>.</summary>
    public readonly SegmentRegister Segment => Layout.Prefixes.Segment;

    /// <summary>Decodes the instruction at the start of the given bytes.</summary>
    /// <param name="code">What could be fetched at RIP, best 15 bytes.</param>
    /// <param name="width">Mode of the code.</param>
    /// <param name="instruction">The parts; <see cref="Length"/> is right also for an <see cref="MemoryOperation.Unknown"/> instruction
    /// that could be measured.</param>
    /// <returns>True where <see cref="Operation"/> is known.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> code, CodeWidth width, out MemoryInstruction instruction)
    {
        instruction = default;
        if (!InstructionLayout.TryParse(code, width, NearBranchRule.Amd, out InstructionLayout layout))
        {
            return false;
        }

        instruction.Layout = layout;
        if (layout.Encoding != OpcodeEncoding.Legacy || (layout.HasModRm && !layout.ModRm.IsMemory))
        {
            return false;
        }

        instruction.Displacement = ReadSigned(code, layout.DisplacementOffset, layout.DisplacementSize);
        switch (layout.Map)
        {
            case OpcodeMap.Primary:
                instruction.DecodePrimary(code, width);
                break;
            case OpcodeMap.Escape0F:
                instruction.DecodeEscape0F(code);
                break;
            case OpcodeMap.Escape0F38:
                instruction.DecodeEscape0F38();
                break;
        }

        return instruction.Operation != MemoryOperation.Unknown;
    }

    private void DecodePrimary(ReadOnlySpan<byte> code, CodeWidth width)
    {
        byte opcode = Layout.Opcode;

        // Bit 0 of the old opcodes tells byte from full size.
        byte size = (opcode & 1) == 0 ? (byte)1 : Layout.OperandSize;
        switch (opcode)
        {
            case < 0x40 when (opcode & 7) < 4:
                // ALU block: bits 5:3 name the operation, bit 1 the direction.
                SetArithmetic(ArithmeticOperation(opcode >> 3), size, toRegister: (opcode & 2) != 0);
                SetRegister(size);
                break;
            case 0x63 when width == CodeWidth.Bits64:
                SetLoad(MemoryOperation.MoveSignExtend, Layout.OperandSize == 2 ? (byte)2 : (byte)4, Layout.OperandSize);
                break;
            case >= 0x80 and <= 0x83:
                SetArithmetic(ArithmeticOperation(Layout.ModRm.Reg), size, toRegister: false);
                SetImmediate(code);
                break;
            case 0x84 or 0x85:
                SetArithmetic(MemoryOperation.Test, size, toRegister: false);
                SetRegister(size);
                break;
            case 0x86 or 0x87:
                SetUpdate(MemoryOperation.Exchange, size);
                SetRegister(size);
                WritesRegister = true;
                break;
            case 0x88 or 0x89:
                SetStore(MemoryOperation.Move, size);
                SetRegister(size);
                break;
            case 0x8A or 0x8B:
                SetLoad(MemoryOperation.Move, size, size);
                break;
            case 0xA0 or 0xA1:
                SetAccumulatorLoad(MemoryOperation.Move, size);
                SetOffset();
                break;
            case 0xA2 or 0xA3:
                SetStore(MemoryOperation.Move, size);
                SetAccumulator(size);
                SetOffset();
                break;
            case 0xA4 or 0xA5:
                SetUpdate(MemoryOperation.MoveString, size);
                break;
            case 0xAA or 0xAB:
                SetStore(MemoryOperation.StoreString, size);
                SetAccumulator(size);
                break;
            case 0xAC or 0xAD:
                SetAccumulatorLoad(MemoryOperation.LoadString, size);
                break;
            case 0xC6 or 0xC7 when Layout.ModRm.Reg == 0:
                SetStore(MemoryOperation.Move, size);
                SetImmediate(code);
                break;
            case 0xF6 or 0xF7:
                DecodeGroup3(code, size);
                break;
            case 0xFE or 0xFF when Layout.ModRm.Reg < 2:
                SetUpdate(Layout.ModRm.Reg == 0 ? MemoryOperation.Increment : MemoryOperation.Decrement, size);
                break;
        }
    }

    private void DecodeGroup3(ReadOnlySpan<byte> code, byte size)
    {
        switch (Layout.ModRm.Reg)
        {
            case 0 or 1:
                // Reg 1 is an undocumented twin of TEST that every processor has.
                SetArithmetic(MemoryOperation.Test, size, toRegister: false);
                SetImmediate(code);
                break;
            case 2:
                SetUpdate(MemoryOperation.Not, size);
                break;
            case 3:
                SetUpdate(MemoryOperation.Negate, size);
                break;
        }
    }

    private void DecodeEscape0F(ReadOnlySpan<byte> code)
    {
        byte opcode = Layout.Opcode;
        byte size = (opcode & 1) == 0 ? (byte)1 : Layout.OperandSize;
        switch (opcode)
        {
            case 0xA3 or 0xAB or 0xB3 or 0xBB:
                // Bits 4:3 of these opcodes, as bits 1:0 of Reg in group 8, name the operation.
                SetBit(opcode >> 3);
                SetRegister(Layout.OperandSize);
                break;
            case 0xBA when Layout.ModRm.Reg >= 4:
                SetBit(Layout.ModRm.Reg);
                SetImmediate(code);
                Immediate &= (Layout.OperandSize * 8) - 1;
                break;
            case 0xB0 or 0xB1:
                SetUpdate(MemoryOperation.CompareExchange, size);
                SetRegister(size);
                break;
            case 0xB6 or 0xB7 or 0xBE or 0xBF:
                SetLoad(
                    opcode < 0xB8 ? MemoryOperation.MoveZeroExtend : MemoryOperation.MoveSignExtend,
                    (opcode & 1) == 0 ? (byte)1 : (byte)2,
                    Layout.OperandSize);
                break;
            case 0xC0 or 0xC1:
                SetUpdate(MemoryOperation.ExchangeAdd, size);
                SetRegister(size);
                WritesRegister = true;
                break;
            case 0xC3 when !Layout.Prefixes.OperandSize && !HasRepeatPrefix:
                SetDirectStore();
                break;
        }
    }

    private void DecodeEscape0F38()
    {
        switch (Layout.Opcode)
        {
            case 0xF0 when !HasRepeatPrefix:
                SetLoad(MemoryOperation.MoveReversed, Layout.OperandSize, Layout.OperandSize);
                break;
            case 0xF1 when !HasRepeatPrefix:
                SetStore(MemoryOperation.MoveReversed, Layout.OperandSize);
                SetRegister(Layout.OperandSize);
                break;
            case 0xF9 when !Layout.Prefixes.OperandSize && !HasRepeatPrefix:
                SetDirectStore();
                break;
        }
    }

    private readonly bool HasRepeatPrefix => Layout.Prefixes.Repeat || Layout.Prefixes.RepeatNotEqual;

    private static MemoryOperation ArithmeticOperation(int number) => (MemoryOperation)((int)MemoryOperation.Add + (number & 7));

    private void SetArithmetic(MemoryOperation operation, byte size, bool toRegister)
    {
        bool keepsFlagsOnly = operation is MemoryOperation.Compare or MemoryOperation.Test;
        Operation = operation;
        MemorySize = size;
        IsRead = true;
        IsWrite = !toRegister && !keepsFlagsOnly;
        WritesRegister = toRegister && !keepsFlagsOnly;
    }

    private void SetUpdate(MemoryOperation operation, byte size)
    {
        Operation = operation;
        MemorySize = size;
        IsRead = true;
        IsWrite = true;
    }

    private void SetStore(MemoryOperation operation, byte size)
    {
        Operation = operation;
        MemorySize = size;
        IsWrite = true;
    }

    private void SetLoad(MemoryOperation operation, byte memorySize, byte registerSize)
    {
        Operation = operation;
        MemorySize = memorySize;
        IsRead = true;
        SetRegister(registerSize);
        WritesRegister = true;
    }

    /// <summary>MOVNTI and MOVDIRI: no 16-bit form, not even in 16-bit code; prefix 66 makes them other opcodes.</summary>
    private void SetDirectStore()
    {
        byte size = Layout.Rex.Wide ? (byte)8 : (byte)4;
        SetStore(MemoryOperation.Move, size);
        SetRegister(size);
    }

    private void SetAccumulatorLoad(MemoryOperation operation, byte size)
    {
        Operation = operation;
        MemorySize = size;
        IsRead = true;
        SetAccumulator(size);
        WritesRegister = true;
    }

    private void SetBit(int number)
    {
        Operation = (MemoryOperation)((int)MemoryOperation.BitTest + (number & 3));
        MemorySize = Layout.OperandSize;
        IsRead = true;
        IsWrite = Operation != MemoryOperation.BitTest;
    }

    private void SetRegister(byte size)
    {
        int register = Layout.ModRm.Reg + Layout.Rex.RegExtension;

        // Without REX, byte registers 4 to 7 are the second bytes of the first four registers (SDM vol 2 table 3-1).
        bool highByte = size == 1 && !Layout.Rex.Exists && register >= HighByteBase;
        Other = OtherOperand.Register;
        RegisterSize = size;
        Register = (byte)(highByte ? register - HighByteBase : register);
        IsHighByte = highByte;
    }

    private void SetAccumulator(byte size)
    {
        Other = OtherOperand.Register;
        RegisterSize = size;
        Register = Accumulator;
    }

    private void SetImmediate(ReadOnlySpan<byte> code)
    {
        Other = OtherOperand.Immediate;
        Immediate = ReadSigned(code, Layout.ImmediateOffset, Layout.ImmediateSize);
    }

    /// <summary>The direct address of MOV A0 to A3 is an offset in the segment and never negative.</summary>
    private void SetOffset()
    {
        int unused = 64 - (Layout.DisplacementSize * 8);
        Displacement = (long)(((ulong)Displacement << unused) >> unused);
    }

    private static long ReadSigned(ReadOnlySpan<byte> code, int offset, int size)
    {
        if (size == 0)
        {
            return 0;
        }

        ulong value = 0;
        for (int index = 0; index < size; index++)
        {
            value |= (ulong)code[offset + index] << (index * 8);
        }

        int unused = 64 - (size * 8);
        return (long)(value << unused) >> unused;
    }
}
