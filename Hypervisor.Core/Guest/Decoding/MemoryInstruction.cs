using System;
using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Guest.Decoding;

/// <summary>An instruction with a memory operand, taken apart far enough to execute it in the guest's place.</summary>
/// <remarks>
/// Covers loads, stores and read-modify-write with general registers and immediates, string instructions, near branches through memory, and plain copies from and
/// to vector registers (Intel SDM vol 2; AMD APM vol 3 and 4). LOCK is reported as it stands: <see cref="AllowsLock"/> says where it is none.
/// </remarks>
public struct MemoryInstruction
{
    /// <summary>Number of the accumulator, AL to RAX.</summary>
    public const int Accumulator = 0;

    /// <summary>Number of the register that counts, CL to RCX.</summary>
    public const int Counter = 1;

    private const int ConditionMask = 0xF;
    private const int VectorSize = 16;

    private const byte HighByteBase = 4;

    /// <summary>What is done; <see cref="MemoryOperation.Unknown"/> makes everything else but <see cref="Layout"/> meaningless.</summary>
    public MemoryOperation Operation { get; private set; }

    /// <summary>
    /// Bytes of memory touched: 1, 2, 4 or 8; 16 for CMPXCHG16B, 16 or 32 for vectors. For BT and its kin with a register offset: of the unit that holds the bit.
    /// </summary>
    public byte MemorySize { get; private set; }

    /// <summary>
    /// Bytes of the register operand: 1, 2, 4 or 8; of a vector register 16 or 32. Differs from <see cref="MemorySize"/> where something is extended.
    /// </summary>
    public byte RegisterSize { get; private set; }

    /// <summary>What stands beside the memory operand.</summary>
    public OtherOperand Other { get; private set; }

    /// <summary>
    /// The register, 0 to 15 in encoding order (rAX, rCX, rDX, rBX, rSP, rBP, rSI, rDI, r8...; or XMM0 to XMM15; or ES, CS, SS, DS, FS, GS); where
    /// <see cref="IsHighByte"/>, of the whole register.
    /// </summary>
    public byte Register { get; private set; }

    /// <summary>Number of a second vector register, which gives the half that is not loaded (VEX forms of <see cref="MemoryOperation.VectorLoadLow"/> and its kin).</summary>
    public byte Source { get; private set; }

    /// <summary>The operand is bits 15:8 of the register: AH, CH, DH or BH.</summary>
    public bool IsHighByte { get; private set; }

    /// <summary>The register receives the result (loads, and ALU operations with memory as source). XCHG, XADD and CMPXCHG write
    /// both.</summary>
    public bool WritesRegister { get; private set; }

    /// <summary>Two operands are combined, and the register is the first of them: ADD r, r/m and its like, CMP among them.</summary>
    public bool IsRegisterFirst { get; private set; }

    /// <summary>Memory is read.</summary>
    public bool IsRead { get; private set; }

    /// <summary>Memory is written. CMPXCHG counts as a write whatever it finds (SDM vol 2, CMPXCHG).</summary>
    public bool IsWrite { get; private set; }

    /// <summary>The immediate, sign-extended; for BT and its kin the number of the bit in the operand.</summary>
    public long Immediate { get; private set; }

    /// <summary>Shifts and rotations: the count is in CL, not in <see cref="Immediate"/>.</summary>
    public bool IsCountInCounter { get; private set; }

    /// <summary>The memory operand has to be aligned to its size, whatever the mode (#GP).</summary>
    public bool IsAligned { get; private set; }

    /// <summary>Where the operand is; for string instructions only <see cref="MemoryAddress.Size"/> and <see cref="MemoryAddress.Segment"/> count.</summary>
    public MemoryAddress Address { get; private set; }

    /// <summary>The parts of the instruction.</summary>
    public InstructionLayout Layout { get; private set; }

    /// <summary>Total length in bytes, 1 to 15; 0 where nothing could be decoded.</summary>
    public readonly int Length => Layout.Length;

    /// <summary>LOCK prefix, or XCHG, which locks by itself.</summary>
    public readonly bool IsLocked => Layout.Prefixes.Lock || Operation == MemoryOperation.Exchange;

    /// <summary>A repeat prefix in front of a string instruction: RCX, ECX or CX (by address size) counts.</summary>
    public readonly bool IsRepeated => IsString && (Layout.Prefixes.Repeat || Layout.Prefixes.RepeatNotEqual);

    /// <summary>STOS, LODS, MOVS, CMPS or SCAS.</summary>
    public readonly bool IsString => Operation >= MemoryOperation.StoreString;

    /// <summary>The instruction uses vector registers.</summary>
    public readonly bool IsVector => Operation is >= MemoryOperation.VectorLoad and <= MemoryOperation.VectorStoreHigh;

    /// <summary>The LOCK prefix may stand in front: elsewhere it is #UD (Intel SDM vol 2, LOCK).</summary>
    public readonly bool AllowsLock => IsWrite && (Operation is >= MemoryOperation.Exchange and <= MemoryOperation.CompareExchangeWide);

    /// <summary>SETcc and CMOVcc: the condition, 0 to 15 in encoding order.</summary>
    public readonly int Condition => Layout.Opcode & ConditionMask;

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
        if (layout.HasModRm && !layout.ModRm.IsMemory)
        {
            return false;
        }

        long displacement = layout.HasModRm
            ? ReadSigned(code, layout.DisplacementOffset, layout.DisplacementSize)
            : (long)ReadUnsigned(code, layout.DisplacementOffset, layout.DisplacementSize); // an offset in the segment is never negative
        instruction.Address = MemoryAddress.From(in layout, displacement);
        switch (layout.Encoding)
        {
            case OpcodeEncoding.Legacy:
                instruction.DecodeLegacy(code, width);
                break;
            case OpcodeEncoding.Vex:
                instruction.DecodeVex(width);
                break;
        }

        return instruction.Operation != MemoryOperation.Unknown;
    }

    private void DecodeLegacy(ReadOnlySpan<byte> code, CodeWidth width)
    {
        switch (Layout.Map)
        {
            case OpcodeMap.Primary:
                DecodePrimary(code, width);
                break;
            case OpcodeMap.Escape0F:
                DecodeEscape0F(code);
                break;
            case OpcodeMap.Escape0F38:
                DecodeEscape0F38();
                break;
        }

        if (Operation == MemoryOperation.Unknown)
        {
            SetVector(VectorMoveForm.Find(Layout.Map, LegacyMandatoryPrefix, Layout.Opcode, Layout.Rex.Wide), VectorSize);
        }
    }

    /// <summary>VEX has its own place for all prefixes: one in front is #UD (Intel SDM vol 2 §2.3.2 to §2.3.4).</summary>
    private void DecodeVex(CodeWidth width)
    {
        LegacyPrefixes prefixes = Layout.Prefixes;
        if (prefixes.OperandSize || HasRepeatPrefix || prefixes.Lock || Layout.Rex.Exists)
        {
            return;
        }

        VexPrefix vex = Layout.Vex;
        VectorMoveForm form = VectorMoveForm.Find(Layout.Map, vex.Prefix, Layout.Opcode, vex.Wide && width == CodeWidth.Bits64);
        bool isPart = form.Size != VectorMoveForm.WholeRegister;
        bool isUndefined = (vex.Is256 && isPart && !form.IsScalar) || (vex.Source != 0 && !form.HasSource);
        if (!isUndefined)
        {
            Source = (byte)(width == CodeWidth.Bits64 ? vex.Source : vex.SourceOfEight);
            SetVector(form, (byte)(vex.Is256 && !isPart ? VectorSize * 2 : VectorSize));
        }
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
            case 0x69 or 0x6B:
                SetLoad(MemoryOperation.MultiplyToRegister, Layout.OperandSize, Layout.OperandSize);
                Immediate = ReadSigned(code, Layout.ImmediateOffset, Layout.ImmediateSize);
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
            case 0x8C when Layout.ModRm.Reg <= (int)SegmentRegister.Gs:
                SetStore(MemoryOperation.MoveSegment, sizeof(ushort));
                Other = OtherOperand.Segment;
                Register = (byte)Layout.ModRm.Reg;
                break;
            case 0x8F when Layout.ModRm.Reg == 0:
                SetStore(MemoryOperation.Pop, StackSize(width));
                break;
            case 0xA0 or 0xA1:
                SetAccumulatorLoad(MemoryOperation.Move, size);
                break;
            case 0xA2 or 0xA3:
                SetStore(MemoryOperation.Move, size);
                SetAccumulator(size);
                break;
            case 0xA4 or 0xA5:
                SetUpdate(MemoryOperation.MoveString, size);
                break;
            case 0xA6 or 0xA7:
                SetRead(MemoryOperation.CompareString, size);
                break;
            case 0xAA or 0xAB:
                SetStore(MemoryOperation.StoreString, size);
                SetAccumulator(size);
                break;
            case 0xAC or 0xAD:
                SetAccumulatorLoad(MemoryOperation.LoadString, size);
                break;
            case 0xAE or 0xAF:
                SetRead(MemoryOperation.ScanString, size);
                SetAccumulator(size);
                break;
            case 0xC0 or 0xC1:
                SetShift(size);
                SetImmediate(code);
                break;
            case 0xC6 or 0xC7 when Layout.ModRm.Reg == 0:
                SetStore(MemoryOperation.Move, size);
                SetImmediate(code);
                break;
            case 0xD0 or 0xD1:
                SetShift(size);
                Other = OtherOperand.Immediate;
                Immediate = 1;
                break;
            case 0xD2 or 0xD3:
                SetShift(size);
                SetCounter();
                break;
            case 0xF6 or 0xF7:
                DecodeGroup3(code, size);
                break;
            case 0xFE or 0xFF when Layout.ModRm.Reg < 2:
                SetUpdate(Layout.ModRm.Reg == 0 ? MemoryOperation.Increment : MemoryOperation.Decrement, size);
                break;
            case 0xFF:
                DecodeGroup5(width);
                break;
        }
    }

    private void DecodeGroup5(CodeWidth width)
    {
        // The vendors disagree about the operand-size prefix on a near branch in 64-bit mode (AMD APM vol 3, CALL; Intel SDM vol 2 §2.2.1.7).
        bool isDisputed = width == CodeWidth.Bits64 && Layout.Prefixes.OperandSize && !Layout.Rex.Wide;
        switch (Layout.ModRm.Reg)
        {
            case 2 when !isDisputed:
                SetRead(MemoryOperation.Call, StackSize(width));
                break;
            case 4 when !isDisputed:
                SetRead(MemoryOperation.Jump, StackSize(width));
                break;
            case 6:
                SetRead(MemoryOperation.Push, StackSize(width));
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
            case 4:
                SetRead(MemoryOperation.Multiply, size);
                break;
            case 5:
                SetRead(MemoryOperation.MultiplySigned, size);
                break;
            case 6:
                SetRead(MemoryOperation.Divide, size);
                break;
            default:
                SetRead(MemoryOperation.DivideSigned, size);
                break;
        }
    }

    private void DecodeEscape0F(ReadOnlySpan<byte> code)
    {
        byte opcode = Layout.Opcode;
        byte size = (opcode & 1) == 0 ? (byte)1 : Layout.OperandSize;
        switch (opcode)
        {
            case >= 0x40 and <= 0x4F:
                SetLoad(MemoryOperation.MoveConditional, Layout.OperandSize, Layout.OperandSize);
                break;
            case >= 0x90 and <= 0x9F:
                SetStore(MemoryOperation.SetCondition, sizeof(byte));
                break;
            case 0xA4 or 0xA5 or 0xAC or 0xAD:
                SetUpdate(opcode < 0xA8 ? MemoryOperation.ShiftLeftDouble : MemoryOperation.ShiftRightDouble, Layout.OperandSize);
                SetRegister(Layout.OperandSize);
                IsCountInCounter = (opcode & 1) != 0;
                Immediate = ReadSigned(code, Layout.ImmediateOffset, Layout.ImmediateSize);
                break;
            case 0xAF:
                SetLoad(MemoryOperation.MultiplyToRegister, Layout.OperandSize, Layout.OperandSize);
                break;
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
            case 0xC7 when Layout.ModRm.Reg == 1:
                SetUpdate(MemoryOperation.CompareExchangeWide, (byte)(Layout.Rex.Wide ? 16 : 8));
                IsAligned = Layout.Rex.Wide; // CMPXCHG8B need not be aligned
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

    private readonly MandatoryPrefix LegacyMandatoryPrefix => Layout.Prefixes.Repeat ? MandatoryPrefix.Repeat
        : Layout.Prefixes.RepeatNotEqual ? MandatoryPrefix.RepeatNotEqual
        : Layout.Prefixes.OperandSize ? MandatoryPrefix.OperandSize
        : MandatoryPrefix.None;

    /// <summary>Operand size of PUSH, POP and near branches: in 64-bit mode eight bytes without REX.W, and no form of four.</summary>
    private readonly byte StackSize(CodeWidth width) =>
        width == CodeWidth.Bits64 && Layout.OperandSize == sizeof(uint) ? (byte)sizeof(ulong) : Layout.OperandSize;

    private readonly bool HasRepeatPrefix => Layout.Prefixes.Repeat || Layout.Prefixes.RepeatNotEqual;

    private static MemoryOperation ArithmeticOperation(int number) => (MemoryOperation)((int)MemoryOperation.Add + (number & 7));

    private void SetArithmetic(MemoryOperation operation, byte size, bool toRegister)
    {
        bool keepsFlagsOnly = operation is MemoryOperation.Compare or MemoryOperation.Test;
        Operation = operation;
        MemorySize = size;
        IsRegisterFirst = toRegister;
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

    private void SetRead(MemoryOperation operation, byte size)
    {
        Operation = operation;
        MemorySize = size;
        IsRead = true;
    }

    private void SetShift(byte size)
    {
        MemoryOperation operation = Layout.ModRm.Reg switch
        {
            0 => MemoryOperation.RotateLeft,
            1 => MemoryOperation.RotateRight,
            2 => MemoryOperation.RotateCarryLeft,
            3 => MemoryOperation.RotateCarryRight,
            5 => MemoryOperation.ShiftRight,
            7 => MemoryOperation.ShiftArithmeticRight,
            _ => MemoryOperation.ShiftLeft, // 4, and its undocumented twin 6 that every processor has
        };
        SetUpdate(operation, size);
    }

    private void SetVector(VectorMoveForm form, byte registerSize)
    {
        if (form.Operation == MemoryOperation.Unknown)
        {
            return;
        }

        bool isStore = form.Operation is MemoryOperation.VectorStore or MemoryOperation.VectorStoreHigh;
        Operation = form.Operation;
        MemorySize = form.Size == VectorMoveForm.WholeRegister ? registerSize : form.Size;
        IsRead = !isStore;
        IsWrite = isStore;
        WritesRegister = !isStore;
        IsAligned = form.IsAligned;
        Other = OtherOperand.Vector;
        Register = (byte)(Layout.ModRm.Reg + Layout.RegExtension);
        RegisterSize = registerSize;
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

    private void SetCounter()
    {
        Other = OtherOperand.Register;
        RegisterSize = sizeof(byte);
        Register = Counter;
        IsCountInCounter = true;
    }

    private void SetImmediate(ReadOnlySpan<byte> code)
    {
        Other = OtherOperand.Immediate;
        Immediate = ReadSigned(code, Layout.ImmediateOffset, Layout.ImmediateSize);
    }

    private static long ReadSigned(ReadOnlySpan<byte> code, int offset, int size)
    {
        int unused = size == 0 ? 0 : 64 - (size * 8);
        return (long)(ReadUnsigned(code, offset, size) << unused) >> unused;
    }

    private static ulong ReadUnsigned(ReadOnlySpan<byte> code, int offset, int size)
    {
        ulong value = 0;
        for (int index = 0; index < size; index++)
        {
            value |= (ulong)code[offset + index] << (index * 8);
        }

        return value;
    }
}
