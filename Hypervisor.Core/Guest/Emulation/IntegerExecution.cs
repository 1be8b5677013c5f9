using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Decoding;

namespace Hypervisor.Core.Guest.Emulation;

/// <summary>Instructions with one memory operand and general registers.</summary>
/// <remarks>
/// Intel SDM vol 2; AMD APM vol 3. The operand is found, with all checks, before anything is read; registers and flags change last. What is read and written back is read
/// once and written once, whatever the LOCK prefix says: a device's registers know no bus lock.
/// </remarks>
internal static unsafe class IntegerExecution
{
    private const int WideOperand = 16;

    /// <summary>Executes the instruction.</summary>
    internal static EmulationOutcome Run<TBus>(EmulationContext* context, in MemoryInstruction instruction)
        where TBus : struct, IEmulatedBus
    {
        if (!GuestOperand.TryLocate<TBus>(context, in instruction, BitDisplacement(context, in instruction), out GuestOperand operand))
        {
            return context->Failure;
        }

        if (!operand.IsTrapped)
        {
            return EmulationOutcome.NotEmulated;
        }

        switch (instruction.Operation)
        {
            case >= MemoryOperation.Add and <= MemoryOperation.Test:
                Combine<TBus>(context, in instruction, in operand);
                return EmulationOutcome.Done;
            case MemoryOperation.CompareExchangeWide:
                CompareExchangeWide<TBus>(context, in instruction, in operand);
                return EmulationOutcome.Done;
            case MemoryOperation.Multiply or MemoryOperation.MultiplySigned:
                bool signed = instruction.Operation == MemoryOperation.MultiplySigned;
                WideArithmetic.Multiply(context->Registers, operand.Read<TBus>(context), instruction.MemorySize, signed, ref context->RFlags);
                return EmulationOutcome.Done;
            case MemoryOperation.Divide or MemoryOperation.DivideSigned:
                bool divided = WideArithmetic.TryDivide(
                    context->Registers, operand.Read<TBus>(context), instruction.MemorySize, instruction.Operation == MemoryOperation.DivideSigned);
                return divided ? EmulationOutcome.Done : context->Raise(ExceptionVector.Divide);
            default:
                Transfer<TBus>(context, in instruction, in operand);
                return EmulationOutcome.Done;
        }
    }

    /// <summary>
    /// BT and its kin with a register: the register counts bits from the operand in either direction, and the operand's unit that holds the bit is what is accessed
    /// (Intel SDM vol 2 §3.1.1.9).
    /// </summary>
    private static long BitDisplacement(EmulationContext* context, in MemoryInstruction instruction)
    {
        bool isBitString = instruction.Operation is >= MemoryOperation.BitTest and <= MemoryOperation.BitTestAndComplement
            && instruction.Other == OtherOperand.Register;
        if (!isBitString)
        {
            return 0;
        }

        int size = instruction.MemorySize;
        long bit = OperandBits.SignExtend(RegisterFile.Read(context->Registers, instruction.Register, size), size);
        int shift = size == sizeof(ushort) ? 4 : size == sizeof(uint) ? 5 : 6;
        return (bit >> shift) * size;
    }

    /// <summary>Everything that reads, computes and writes one value at most.</summary>
    private static void Transfer<TBus>(EmulationContext* context, in MemoryInstruction instruction, in GuestOperand operand)
        where TBus : struct, IEmulatedBus
    {
        int size = instruction.MemorySize;
        ulong register = Other(context, in instruction);
        ulong memory = instruction.IsRead ? operand.Read<TBus>(context) : 0;
        switch (instruction.Operation)
        {
            case MemoryOperation.Move when instruction.IsWrite:
            case MemoryOperation.MoveSegment:
                operand.Write<TBus>(context, register);
                break;
            case MemoryOperation.Move:
            case MemoryOperation.MoveZeroExtend:
                WriteRegister(context, in instruction, memory);
                break;
            case MemoryOperation.MoveSignExtend:
                WriteRegister(context, in instruction, (ulong)OperandBits.SignExtend(memory, size));
                break;
            case MemoryOperation.MoveReversed when instruction.IsWrite:
                operand.Write<TBus>(context, OperandBits.Reverse(register, size));
                break;
            case MemoryOperation.MoveReversed:
                WriteRegister(context, in instruction, OperandBits.Reverse(memory, size));
                break;
            case MemoryOperation.MoveConditional:
                WriteRegister(context, in instruction, Conditions.Holds(instruction.Condition, context->RFlags) ? memory : register);
                break;
            case MemoryOperation.SetCondition:
                operand.Write<TBus>(context, Conditions.Holds(instruction.Condition, context->RFlags) ? 1u : 0);
                break;
            case MemoryOperation.Exchange:
                operand.Write<TBus>(context, register);
                WriteRegister(context, in instruction, memory);
                break;
            case MemoryOperation.ExchangeAdd:
                operand.Write<TBus>(context, Arithmetic.Run(MemoryOperation.Add, memory, register, size, ref context->RFlags));
                WriteRegister(context, in instruction, memory);
                break;
            case MemoryOperation.CompareExchange:
                CompareExchange<TBus>(context, register, memory, size, in operand);
                break;
            case MemoryOperation.MultiplyToRegister:
                ulong factor = instruction.Layout.ImmediateSize == 0 ? register : (ulong)instruction.Immediate & OperandBits.Mask(size);
                WriteRegister(context, in instruction, WideArithmetic.MultiplyLow(memory, factor, size, ref context->RFlags));
                break;
            case >= MemoryOperation.BitTest and <= MemoryOperation.BitTestAndComplement:
                TestBit<TBus>(context, in instruction, memory, in operand);
                break;
            case >= MemoryOperation.RotateLeft and <= MemoryOperation.ShiftArithmeticRight:
                operand.Write<TBus>(
                    context, Shifts.Run(instruction.Operation, memory, ShiftCount(context, in instruction), size, ref context->RFlags));
                break;
            case MemoryOperation.ShiftLeftDouble or MemoryOperation.ShiftRightDouble:
                bool left = instruction.Operation == MemoryOperation.ShiftLeftDouble;
                operand.Write<TBus>(
                    context, Shifts.RunDouble(left, memory, register, ShiftCount(context, in instruction), size, ref context->RFlags));
                break;
            default:
                operand.Write<TBus>(context, Arithmetic.Run(instruction.Operation, memory, size, ref context->RFlags));
                break;
        }
    }

    /// <summary>ADD to TEST: register or immediate with memory, the result in either or nowhere.</summary>
    private static void Combine<TBus>(EmulationContext* context, in MemoryInstruction instruction, in GuestOperand operand)
        where TBus : struct, IEmulatedBus
    {
        ulong other = Other(context, in instruction);
        ulong memory = operand.Read<TBus>(context);
        ulong left = instruction.IsRegisterFirst ? other : memory;
        ulong right = instruction.IsRegisterFirst ? memory : other;
        ulong result = Arithmetic.Run(instruction.Operation, left, right, instruction.MemorySize, ref context->RFlags);
        if (instruction.WritesRegister)
        {
            WriteRegister(context, in instruction, result);
        }
        else if (instruction.IsWrite)
        {
            operand.Write<TBus>(context, result);
        }
    }

    /// <summary>CMPXCHG: memory is written either way (Intel SDM vol 2, CMPXCHG).</summary>
    private static void CompareExchange<TBus>(EmulationContext* context, ulong register, ulong memory, int size, in GuestOperand operand)
        where TBus : struct, IEmulatedBus
    {
        ulong accumulator = RegisterFile.Read(context->Registers, MemoryInstruction.Accumulator, size);
        Arithmetic.Run(MemoryOperation.Compare, accumulator, memory, size, ref context->RFlags);
        operand.Write<TBus>(context, context->RFlags.Zero ? register : memory);
        if (!context->RFlags.Zero)
        {
            RegisterFile.Write(context->Registers, MemoryInstruction.Accumulator, size, memory);
        }
    }

    /// <summary>CMPXCHG8B and CMPXCHG16B.</summary>
    private static void CompareExchangeWide<TBus>(EmulationContext* context, in MemoryInstruction instruction, in GuestOperand operand)
        where TBus : struct, IEmulatedBus
    {
        GuestRegisters* registers = context->Registers;
        int half = instruction.MemorySize == WideOperand ? sizeof(ulong) : sizeof(uint);
        ulong mask = OperandBits.Mask(half);
        ulong low;
        ulong high;
        if (half == sizeof(uint))
        {
            ulong both = operand.Read<TBus>(context);
            low = both & mask;
            high = both >> (half * OperandBits.PerByte);
        }
        else
        {
            low = operand.Read<TBus>(context, 0, half);
            high = operand.Read<TBus>(context, half, half);
        }

        bool equal = low == (registers->Rax & mask) && high == (registers->Rdx & mask);
        ulong newLow = equal ? registers->Rbx & mask : low;
        ulong newHigh = equal ? registers->Rcx & mask : high;
        if (half == sizeof(uint))
        {
            operand.Write<TBus>(context, newLow | (newHigh << (half * OperandBits.PerByte)));
        }
        else
        {
            operand.Write<TBus>(context, 0, half, newLow);
            operand.Write<TBus>(context, half, half, newHigh);
        }

        context->RFlags = context->RFlags.WithZero(equal);
        if (!equal)
        {
            registers->Rax = low;
            registers->Rdx = high;
        }
    }

    private static void TestBit<TBus>(EmulationContext* context, in MemoryInstruction instruction, ulong memory, in GuestOperand operand)
        where TBus : struct, IEmulatedBus
    {
        int bits = instruction.MemorySize * OperandBits.PerByte;
        int bit = (int)(instruction.Other == OtherOperand.Register
            ? RegisterFile.Read(context->Registers, instruction.Register, instruction.MemorySize)
            : (ulong)instruction.Immediate) & (bits - 1);
        ulong one = 1UL << bit;
        context->RFlags = context->RFlags.WithCarry((memory & one) != 0);
        switch (instruction.Operation)
        {
            case MemoryOperation.BitTestAndSet:
                operand.Write<TBus>(context, memory | one);
                break;
            case MemoryOperation.BitTestAndReset:
                operand.Write<TBus>(context, memory & ~one);
                break;
            case MemoryOperation.BitTestAndComplement:
                operand.Write<TBus>(context, memory ^ one);
                break;
        }
    }

    private static int ShiftCount(EmulationContext* context, in MemoryInstruction instruction) => Shifts.Count(
        instruction.IsCountInCounter ? context->Registers->Rcx : (ulong)instruction.Immediate, instruction.MemorySize);

    /// <summary>What stands beside the memory operand, as wide as it is.</summary>
    private static ulong Other(EmulationContext* context, in MemoryInstruction instruction) => instruction.Other switch
    {
        OtherOperand.Register when instruction.IsHighByte => RegisterFile.ReadHighByte(context->Registers, instruction.Register),
        OtherOperand.Register => RegisterFile.Read(context->Registers, instruction.Register, instruction.RegisterSize),
        OtherOperand.Segment => EmulationContext.Segment(context, (SegmentRegister)instruction.Register)->Selector.Value,
        _ => (ulong)instruction.Immediate & OperandBits.Mask(instruction.MemorySize),
    };

    private static void WriteRegister(EmulationContext* context, in MemoryInstruction instruction, ulong value)
    {
        if (instruction.IsHighByte)
        {
            RegisterFile.WriteHighByte(context->Registers, instruction.Register, value);
        }
        else
        {
            RegisterFile.Write(context->Registers, instruction.Register, instruction.RegisterSize, value);
        }
    }
}
