using Hypervisor.Core.Host;

namespace Hypervisor.Core.Guest.Startup;

/// <summary>
/// The shutdown status byte in CMOS: an operating system that is about to start a processor chooses a warm reset there first (MultiProcessor Specification 1.4 §B.4),
/// and takes it back, by writing 0, when the processor runs.
/// </summary>
public static unsafe class ShutdownCode
{
    /// <summary>Index port of the CMOS memory; its data port follows.</summary>
    public const ushort IndexPort = 0x70;

    /// <summary>Data port of the CMOS memory.</summary>
    public const ushort DataPort = 0x71;

    private const byte StatusIndex = 0x0F;
    private const byte IndexMask = 0x7F; // bit 7 of the index port switches NMI off

    /// <summary>Takes note of a write to the CMOS ports.</summary>
    /// <param name="machine">The machine: it remembers the index.</param>
    /// <param name="port">First port written.</param>
    /// <param name="size">Bytes written: each further one goes to the next port.</param>
    /// <param name="value">The bytes.</param>
    /// <returns>Whether a code other than 0 is being written to the status byte.</returns>
    public static bool IsChosen(MachineData* machine, ushort port, int size, uint value)
    {
        bool chosen = false;
        for (int i = 0; i < size; i++, port++, value >>= 8)
        {
            if (port == IndexPort)
            {
                machine->CmosIndex = (byte)(value & IndexMask);
            }
            else if (port == DataPort)
            {
                chosen |= machine->CmosIndex == StatusIndex && (byte)value != 0;
            }
        }

        return chosen;
    }
}
