using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Traps;

/// <summary>
/// Which ports exit: a bit for each, in the map of both vendors (AMD APM vol 2 §15.10.1; Intel SDM vol 3 §24.6.4: I/O bitmap A, then B).
/// </summary>
public static unsafe class IoPermissionMap
{
    private const int ByteBits = 8;

    /// <summary>Pages: AMD's map has a few bits more than there are ports.</summary>
    public const uint Pages = 3;

    /// <summary>Switches the exits of a port on or off.</summary>
    public static void Set(ulong map, ushort port, bool traps)
    {
        byte* cell = (byte*)map + (port / ByteBits);
        byte bit = (byte)(1 << (port % ByteBits));
        *cell = (byte)(traps ? *cell | bit : *cell & ~bit);
    }

    /// <summary>Whether a port exits.</summary>
    public static bool Exits(ulong map, ushort port) => (((byte*)map)[port / ByteBits] >> (port % ByteBits) & 1) != 0;

    /// <summary>Switches on what the host itself has to see.</summary>
    public static void WriteHostTraps(MachineData* machine)
    {
        Set(machine->IoPermissionMap, ShutdownCode.IndexPort, HostTraps(machine, ShutdownCode.IndexPort));
        Set(machine->IoPermissionMap, ShutdownCode.DataPort, HostTraps(machine, ShutdownCode.DataPort));
    }

    /// <summary>Whether the host itself wants to see a port: INIT and SIPI of VMX are exits, so there only SVM needs the announcement of a start.</summary>
    public static bool HostTraps(MachineData* machine, ushort port) =>
        port is ShutdownCode.IndexPort or ShutdownCode.DataPort
        && machine->ProcessorCount > 1 && !machine->KeepApicTrap && machine->Extension == VirtualizationExtension.Svm;
}
