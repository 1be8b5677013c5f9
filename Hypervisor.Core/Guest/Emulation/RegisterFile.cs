using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Guest.Emulation;

/// <summary>Parts of the general registers, as instructions name them.</summary>
/// <remarks>Intel SDM vol 1 §3.4.1; AMD APM vol 1 §3.1.2.</remarks>
internal static unsafe class RegisterFile
{
    private const int HighByteShift = 8;
    private const ulong HighByteMask = 0xFF00;

    /// <summary>The low bytes of a register, zero-extended.</summary>
    /// <param name="registers">The registers.</param>
    /// <param name="number">0 to 15, in encoding order.</param>
    /// <param name="size">1, 2, 4 or 8.</param>
    internal static ulong Read(GuestRegisters* registers, int number, int size) => *((ulong*)registers + number) & OperandBits.Mask(size);

    /// <summary>Changes the low bytes of a register. Four bytes clear the four above them, fewer leave all others alone.</summary>
    /// <param name="registers">The registers.</param>
    /// <param name="number">0 to 15, in encoding order.</param>
    /// <param name="size">1, 2, 4 or 8.</param>
    /// <param name="value">The value; what does not fit is left out.</param>
    internal static void Write(GuestRegisters* registers, int number, int size, ulong value)
    {
        ulong* register = (ulong*)registers + number;
        ulong mask = OperandBits.Mask(size);
        *register = size >= sizeof(uint) ? value & mask : (*register & ~mask) | (value & mask);
    }

    /// <summary>AH, CH, DH or BH.</summary>
    internal static ulong ReadHighByte(GuestRegisters* registers, int number) => (byte)(*((ulong*)registers + number) >> HighByteShift);

    /// <summary>Changes AH, CH, DH or BH.</summary>
    internal static void WriteHighByte(GuestRegisters* registers, int number, ulong value)
    {
        ulong* register = (ulong*)registers + number;
        *register = (*register & ~HighByteMask) | ((value << HighByteShift) & HighByteMask);
    }
}
