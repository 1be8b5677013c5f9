using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Decoding;

namespace Hypervisor.Core.Guest.Emulation;

/// <summary>Sums, differences and logic, with their flags.</summary>
/// <remarks>
/// Intel SDM vol 1 §3.4.3.1 and appendix A; AMD APM vol 1 §3.1.4. Operands are zero-extended, results too. The auxiliary carry behind logical operations is undefined;
/// here it is clear.
/// </remarks>
internal static class Arithmetic
{
    private const int AuxiliaryBit = 4;
    private const int EvenParity = 0x9669; // by four bits: 1 where their number of ones is even

    /// <summary>An operation with two operands.</summary>
    /// <param name="operation">ADD, OR, ADC, SBB, AND, SUB, XOR, CMP or TEST.</param>
    /// <param name="left">First operand.</param>
    /// <param name="right">Second operand.</param>
    /// <param name="size">Bytes of both.</param>
    /// <param name="flags">The flags.</param>
    internal static ulong Run(MemoryOperation operation, ulong left, ulong right, int size, ref RFlags flags) => operation switch
    {
        MemoryOperation.Add => Add(left, right, carry: false, size, ref flags),
        MemoryOperation.AddWithCarry => Add(left, right, flags.Carry, size, ref flags),
        MemoryOperation.SubtractWithBorrow => Subtract(left, right, flags.Carry, size, ref flags),
        MemoryOperation.Subtract or MemoryOperation.Compare => Subtract(left, right, borrow: false, size, ref flags),
        MemoryOperation.Or => Logic(left | right, size, ref flags),
        MemoryOperation.ExclusiveOr => Logic(left ^ right, size, ref flags),
        _ => Logic(left & right, size, ref flags),
    };

    /// <summary>An operation with one operand: INC, DEC, NOT or NEG.</summary>
    internal static ulong Run(MemoryOperation operation, ulong value, int size, ref RFlags flags)
    {
        bool carry = flags.Carry;
        ulong result;
        switch (operation)
        {
            case MemoryOperation.Increment:
                result = Add(value, 1, carry: false, size, ref flags);
                flags = flags.WithCarry(carry);
                return result;
            case MemoryOperation.Decrement:
                result = Subtract(value, 1, borrow: false, size, ref flags);
                flags = flags.WithCarry(carry);
                return result;
            case MemoryOperation.Negate:
                return Subtract(0, value, borrow: false, size, ref flags);
            default:
                return ~value & OperandBits.Mask(size);
        }
    }

    /// <summary>The result has an even number of ones in its low byte.</summary>
    internal static bool HasEvenParity(ulong value)
    {
        int folded = (int)((value ^ (value >> 4)) & 0xF);
        return ((EvenParity >> folded) & 1) != 0;
    }

    private static ulong Add(ulong left, ulong right, bool carry, int size, ref RFlags flags)
    {
        ulong result = (left + right + (carry ? 1UL : 0)) & OperandBits.Mask(size);
        flags = flags.WithStatus(
            carry: carry ? result <= left : result < left,
            HasEvenParity(result),
            OperandBits.IsSet(left ^ right ^ result, AuxiliaryBit),
            zero: result == 0,
            OperandBits.IsNegative(result, size),
            overflow: OperandBits.IsNegative((left ^ result) & (right ^ result), size));
        return result;
    }

    private static ulong Subtract(ulong left, ulong right, bool borrow, int size, ref RFlags flags)
    {
        ulong result = (left - right - (borrow ? 1UL : 0)) & OperandBits.Mask(size);
        flags = flags.WithStatus(
            carry: borrow ? left <= right : left < right,
            HasEvenParity(result),
            OperandBits.IsSet(left ^ right ^ result, AuxiliaryBit),
            zero: result == 0,
            OperandBits.IsNegative(result, size),
            overflow: OperandBits.IsNegative((left ^ right) & (left ^ result), size));
        return result;
    }

    private static ulong Logic(ulong result, int size, ref RFlags flags)
    {
        flags = flags.WithStatus(
            carry: false, HasEvenParity(result), auxiliaryCarry: false, zero: result == 0, OperandBits.IsNegative(result, size), overflow: false);
        return result;
    }
}
