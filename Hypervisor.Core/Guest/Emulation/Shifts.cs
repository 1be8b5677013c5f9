using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Decoding;

namespace Hypervisor.Core.Guest.Emulation;

/// <summary>Shifts and rotations, with their flags.</summary>
/// <remarks>
/// Intel SDM vol 2, RCL/RCR/ROL/ROR, SAL/SAR/SHL/SHR, SHLD, SHRD; AMD APM vol 3. Values are zero-extended. A count of 0 changes no flag. Undefined: overflow for counts
/// other than 1, auxiliary carry, carry for SHL and SHR by the width or more, everything for SHLD and SHRD by more than the width.
/// </remarks>
internal static class Shifts
{
    private const int CountMask = 0x1F;
    private const int WideCountMask = 0x3F;

    /// <summary>How far is shifted, of a count as the instruction names it.</summary>
    internal static int Count(ulong count, int size) => (int)count & (size == sizeof(ulong) ? WideCountMask : CountMask);

    /// <summary>ROL, ROR, RCL, RCR, SHL, SHR or SAR.</summary>
    /// <param name="operation">Which.</param>
    /// <param name="value">The operand.</param>
    /// <param name="count">0 to 63.</param>
    /// <param name="size">Bytes of the operand.</param>
    /// <param name="flags">The flags.</param>
    internal static ulong Run(MemoryOperation operation, ulong value, int count, int size, ref RFlags flags)
    {
        if (count == 0)
        {
            return value;
        }

        return operation switch
        {
            MemoryOperation.RotateLeft => RotateLeft(value, count, size, ref flags),
            MemoryOperation.RotateRight => RotateRight(value, count, size, ref flags),
            MemoryOperation.RotateCarryLeft => RotateCarryLeft(value, count, size, ref flags),
            MemoryOperation.RotateCarryRight => RotateCarryRight(value, count, size, ref flags),
            MemoryOperation.ShiftLeft => ShiftLeft(value, count, size, ref flags),
            _ => ShiftRight(value, count, size, operation == MemoryOperation.ShiftArithmeticRight, ref flags),
        };
    }

    /// <summary>SHLD or SHRD.</summary>
    /// <param name="left">SHLD.</param>
    /// <param name="value">The operand.</param>
    /// <param name="filler">Where the bits that move in come from.</param>
    /// <param name="count">0 to 63.</param>
    /// <param name="size">Bytes of both: 2, 4 or 8.</param>
    /// <param name="flags">The flags.</param>
    internal static ulong RunDouble(bool left, ulong value, ulong filler, int count, int size, ref RFlags flags)
    {
        int bits = size * OperandBits.PerByte;
        if (count == 0)
        {
            return value;
        }

        if (count > bits)
        {
            // Undefined, with words only: they go round.
            (value, filler, count) = (filler, value, count - bits);
        }

        ulong result = left ? (value << count) | (filler >> (bits - count)) : (value >> count) | (filler << (bits - count));
        result &= OperandBits.Mask(size);
        bool carry = OperandBits.IsSet(value, left ? bits - count : count - 1);
        SetStatus(value, result, carry, size, ref flags);
        return result;
    }

    private static ulong RotateLeft(ulong value, int count, int size, ref RFlags flags)
    {
        ulong result = Rotate(value, count, size);
        bool carry = OperandBits.IsSet(result, 0);
        flags = flags.WithCarryAndOverflow(carry, OperandBits.IsNegative(result, size) != carry);
        return result;
    }

    private static ulong RotateRight(ulong value, int count, int size, ref RFlags flags)
    {
        int bits = size * OperandBits.PerByte;
        ulong result = Rotate(value, bits - (count % bits), size);
        bool carry = OperandBits.IsNegative(result, size);
        flags = flags.WithCarryAndOverflow(carry, OperandBits.IsSet(result, bits - 2) != carry);
        return result;
    }

    private static ulong Rotate(ulong value, int left, int size)
    {
        int bits = size * OperandBits.PerByte;
        int count = left % bits;
        return count == 0 ? value : ((value << count) | (value >> (bits - count))) & OperandBits.Mask(size);
    }

    private static ulong RotateCarryLeft(ulong value, int count, int size, ref RFlags flags)
    {
        bool carry = flags.Carry;
        for (int left = count % ((size * OperandBits.PerByte) + 1); left > 0; left--)
        {
            bool next = OperandBits.IsNegative(value, size);
            value = (value << 1) | (carry ? 1UL : 0);
            carry = next;
        }

        value &= OperandBits.Mask(size);
        flags = flags.WithCarryAndOverflow(carry, OperandBits.IsNegative(value, size) != carry);
        return value;
    }

    private static ulong RotateCarryRight(ulong value, int count, int size, ref RFlags flags)
    {
        int top = (size * OperandBits.PerByte) - 1;
        bool carry = flags.Carry;
        for (int left = count % (top + 2); left > 0; left--)
        {
            bool next = OperandBits.IsSet(value, 0);
            value = (value >> 1) | ((carry ? 1UL : 0) << top);
            carry = next;
        }

        flags = flags.WithCarryAndOverflow(carry, OperandBits.IsNegative(value, size) != OperandBits.IsSet(value, top - 1));
        return value;
    }

    private static ulong ShiftLeft(ulong value, int count, int size, ref RFlags flags)
    {
        int bits = size * OperandBits.PerByte;
        ulong result = count >= bits ? 0 : (value << count) & OperandBits.Mask(size);
        bool carry = count <= bits && OperandBits.IsSet(value, bits - count);
        flags = flags.WithStatus(
            carry,
            Arithmetic.HasEvenParity(result),
            auxiliaryCarry: false,
            zero: result == 0,
            OperandBits.IsNegative(result, size),
            overflow: OperandBits.IsNegative(result, size) != carry);
        return result;
    }

    private static ulong ShiftRight(ulong value, int count, int size, bool arithmetic, ref RFlags flags)
    {
        const int most = 63; // further than that is the same
        int bits = size * OperandBits.PerByte;
        long extended = arithmetic ? OperandBits.SignExtend(value, size) : (long)value;
        ulong result = arithmetic ? (ulong)(extended >> count) & OperandBits.Mask(size) : count >= bits ? 0 : value >> count;
        bool carry = ((extended >> Math.Min(count - 1, most)) & 1) != 0;
        flags = flags.WithStatus(
            carry,
            Arithmetic.HasEvenParity(result),
            auxiliaryCarry: false,
            zero: result == 0,
            OperandBits.IsNegative(result, size),
            overflow: !arithmetic && OperandBits.IsNegative(value, size));
        return result;
    }

    private static void SetStatus(ulong before, ulong result, bool carry, int size, ref RFlags flags) => flags = flags.WithStatus(
        carry,
        Arithmetic.HasEvenParity(result),
        auxiliaryCarry: false,
        zero: result == 0,
        OperandBits.IsNegative(result, size),
        overflow: OperandBits.IsNegative(result ^ before, size));
}
