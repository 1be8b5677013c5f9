using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Traps;

/// <summary>Accesses of the host to device registers, of any of the four widths, each in one piece.</summary>
public static class MemoryIo
{
    /// <summary>Reads.</summary>
    /// <param name="address">Physical address.</param>
    /// <param name="size">1, 2, 4 or 8 bytes.</param>
    public static ulong Read(ulong address, int size) => size switch
    {
        sizeof(byte) => Instructions.ReadMmio8(address),
        sizeof(ushort) => Instructions.ReadMmio16(address),
        sizeof(uint) => Instructions.ReadMmio32(address),
        _ => Instructions.ReadMmio64(address),
    };

    /// <summary>Writes.</summary>
    /// <param name="address">Physical address.</param>
    /// <param name="size">1, 2, 4 or 8 bytes.</param>
    /// <param name="value">The value; bits beyond the size are left out.</param>
    public static void Write(ulong address, int size, ulong value)
    {
        switch (size)
        {
            case sizeof(byte):
                Instructions.WriteMmio8(address, (byte)value);
                break;
            case sizeof(ushort):
                Instructions.WriteMmio16(address, (ushort)value);
                break;
            case sizeof(uint):
                Instructions.WriteMmio32(address, (uint)value);
                break;
            default:
                Instructions.WriteMmio64(address, value);
                break;
        }
    }

    /// <summary>Either of the two.</summary>
    public static void Access(ulong address, int size, bool isWrite, ref ulong value)
    {
        if (isWrite)
        {
            Write(address, size, value);
        }
        else
        {
            value = Read(address, size);
        }
    }
}
