using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Traps;

/// <summary>IN and OUT of the host, of any of the three widths.</summary>
public static class PortIo
{
    /// <summary>Reads a port.</summary>
    /// <param name="port">First port.</param>
    /// <param name="size">1, 2 or 4 bytes.</param>
    public static uint Read(ushort port, int size) => size switch
    {
        sizeof(byte) => Instructions.In8(port),
        sizeof(ushort) => Instructions.In16(port),
        _ => Instructions.In32(port),
    };

    /// <summary>Writes a port.</summary>
    /// <param name="port">First port.</param>
    /// <param name="size">1, 2 or 4 bytes.</param>
    /// <param name="value">The value; bits beyond the size are left out.</param>
    public static void Write(ushort port, int size, uint value)
    {
        switch (size)
        {
            case sizeof(byte):
                Instructions.Out8(port, (byte)value);
                break;
            case sizeof(ushort):
                Instructions.Out16(port, (ushort)value);
                break;
            default:
                Instructions.Out32(port, value);
                break;
        }
    }

    /// <summary>All bits of an access: what a bus answers where there is no device.</summary>
    public static uint Ones(int size) => size == sizeof(uint) ? uint.MaxValue : (1u << (size * 8)) - 1;
}
