using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Guest.Emulation;

/// <summary>Products and quotients of twice the width of an operand.</summary>
/// <remarks>Intel SDM vol 2, MUL, IMUL, DIV, IDIV; AMD APM vol 3. Without 128-bit types, which the image does not have.</remarks>
internal static unsafe class WideArithmetic
{
    private const int Half = 32;
    private const int Whole = 64;
    private const int RaxNumber = 0;
    private const int RdxNumber = 2;

    /// <summary>MUL or IMUL with one operand: rDX:rAX, or AX, becomes accumulator times operand. Carry and overflow say whether the upper half is needed.</summary>
    /// <param name="registers">The registers.</param>
    /// <param name="operand">The operand, zero-extended.</param>
    /// <param name="size">Its bytes.</param>
    /// <param name="signed">IMUL.</param>
    /// <param name="flags">The flags; those but carry and overflow are undefined.</param>
    internal static void Multiply(GuestRegisters* registers, ulong operand, int size, bool signed, ref RFlags flags)
    {
        ulong accumulator = RegisterFile.Read(registers, RaxNumber, size);
        ulong low = Product(accumulator, operand, size, signed, out ulong high);
        bool isWide = signed ? high != SignOf(low, size) : high != 0;
        flags = flags.WithCarryAndOverflow(isWide, isWide);
        WritePair(registers, low, high, size);
    }

    /// <summary>IMUL with a register as destination: the product, cut off.</summary>
    internal static ulong MultiplyLow(ulong left, ulong right, int size, ref RFlags flags)
    {
        ulong low = Product(left, right, size, signed: true, out ulong high);
        bool isWide = high != SignOf(low, size);
        flags = flags.WithCarryAndOverflow(isWide, isWide);
        return low;
    }

    /// <summary>DIV or IDIV: quotient and remainder of rDX:rAX, or AX. All flags are undefined.</summary>
    /// <returns>False where the quotient does not fit, or there is none: #DE.</returns>
    internal static bool TryDivide(GuestRegisters* registers, ulong divisor, int size, bool signed)
    {
        ReadPair(registers, size, out ulong low, out ulong high);
        bool isDividendNegative = signed && OperandBits.IsNegative(high, size);
        bool isDivisorNegative = signed && OperandBits.IsNegative(divisor, size);
        if (isDividendNegative)
        {
            Negate(ref low, ref high, size);
        }

        ulong magnitude = isDivisorNegative ? (0 - divisor) & OperandBits.Mask(size) : divisor;
        if (high >= magnitude)
        {
            return false; // by zero, or the quotient has more bits than there are
        }

        ulong quotient = Quotient(low, high, magnitude, size, out ulong remainder);
        bool isNegative = isDividendNegative != isDivisorNegative;
        ulong smallest = 1UL << ((size * OperandBits.PerByte) - 1);
        if (signed && (isNegative ? quotient > smallest : quotient >= smallest))
        {
            return false;
        }

        // Quotient and remainder stand where a product has its halves.
        WritePair(registers, isNegative ? 0 - quotient : quotient, isDividendNegative ? 0 - remainder : remainder, size);
        return true;
    }

    private static ulong SignOf(ulong value, int size) => OperandBits.IsNegative(value, size) ? OperandBits.Mask(size) : 0;

    private static ulong Product(ulong left, ulong right, int size, bool signed, out ulong high)
    {
        ulong low;
        if (size < sizeof(ulong))
        {
            low = signed ? (ulong)(OperandBits.SignExtend(left, size) * OperandBits.SignExtend(right, size)) : left * right;
            high = (low >> (size * OperandBits.PerByte)) & OperandBits.Mask(size);
            return low & OperandBits.Mask(size);
        }

        low = Product(left, right, out high);
        if (signed)
        {
            // What the sign bits would be worth unsigned is taken off.
            high -= ((long)left < 0 ? right : 0) + ((long)right < 0 ? left : 0);
        }

        return low;
    }

    private static ulong Product(ulong left, ulong right, out ulong high)
    {
        ulong lowLow = (ulong)(uint)left * (uint)right;
        ulong lowHigh = (ulong)(uint)left * (right >> Half);
        ulong highLow = (left >> Half) * (uint)right;
        ulong highHigh = (left >> Half) * (right >> Half);
        ulong middle = (lowLow >> Half) + (uint)lowHigh + (uint)highLow;
        high = highHigh + (lowHigh >> Half) + (highLow >> Half) + (middle >> Half);
        return (middle << Half) | (uint)lowLow;
    }

    /// <summary>Long division, a bit at a time. The upper half is less than the divisor.</summary>
    private static ulong Quotient(ulong low, ulong high, ulong divisor, int size, out ulong remainder)
    {
        int bits = size * OperandBits.PerByte;
        ulong quotient = 0;
        ulong rest = high;
        ulong digits = low << (Whole - bits);
        for (int i = 0; i < bits; i++)
        {
            bool carry = (long)rest < 0;
            rest = (rest << 1) | (digits >> (Whole - 1));
            digits <<= 1;
            quotient <<= 1;
            if (carry || rest >= divisor)
            {
                rest -= divisor;
                quotient |= 1;
            }
        }

        remainder = rest;
        return quotient;
    }

    private static void Negate(ref ulong low, ref ulong high, int size)
    {
        ulong mask = OperandBits.Mask(size);
        low = (0 - low) & mask;
        high = (low == 0 ? 0 - high : ~high) & mask;
    }

    private static void ReadPair(GuestRegisters* registers, int size, out ulong low, out ulong high)
    {
        low = RegisterFile.Read(registers, RaxNumber, size);
        high = size == sizeof(byte) ? RegisterFile.ReadHighByte(registers, RaxNumber) : RegisterFile.Read(registers, RdxNumber, size);
    }

    private static void WritePair(GuestRegisters* registers, ulong low, ulong high, int size)
    {
        RegisterFile.Write(registers, RaxNumber, size, low);
        if (size == sizeof(byte))
        {
            RegisterFile.WriteHighByte(registers, RaxNumber, high);
        }
        else
        {
            RegisterFile.Write(registers, RdxNumber, size, high);
        }
    }
}
