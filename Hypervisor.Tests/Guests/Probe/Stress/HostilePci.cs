using Hypervisor.Core.Cpu;

namespace Hypervisor.Guests.Probe.Stress;

/// <summary>Configuration space by ports: everything is read, in any width at any offset; written are functions that do not exist.</summary>
internal static class HostilePci
{
    private const ushort AddressPort = 0xCF8;
    private const ushort DataPort = 0xCFC;
    private const uint EnableBit = 1u << 31;
    private const uint NobodysBus = 0xFEu << 16;
    private const uint BelowBus = 0xFFFF;
    private const uint HostBridge = 0x29C0_8086; // QEMU's q35
    private const uint WindowRegister = 0x60;
    private const uint WindowMask = 0xFC00_0000;
    private const uint NobodysFunction = 0x1E << 15 | 7 << 12;

    /// <summary>The page of a function that does not exist, in the window of extended configuration space; 0 where there is no such window.</summary>
    internal static ulong FindWindow()
    {
        Instructions.Out32(AddressPort, EnableBit);
        if (Instructions.In32(DataPort) != HostBridge)
        {
            return 0;
        }

        Instructions.Out32(AddressPort, EnableBit | WindowRegister);
        uint window = Instructions.In32(DataPort);
        return (window & 1) == 0 ? 0 : (window & WindowMask) + NobodysFunction;
    }

    /// <summary>One access.</summary>
    internal static void Step(ref RandomSequence random)
    {
        uint form = random.Next();
        bool writes = (form & 1) != 0;
        uint address = random.Next();
        Instructions.Out32(AddressPort, writes ? (address & (EnableBit | BelowBus)) | NobodysBus : address);
        ushort port = (ushort)(DataPort + ((form >> 1) & 3));
        uint value = random.Next();
        switch ((form >> 3 & 3, writes))
        {
            case (0, true):
                Instructions.Out8(port, (byte)value);
                break;
            case (1, true):
                Instructions.Out16(port, (ushort)value);
                break;
            case (_, true):
                Instructions.Out32(port, value);
                break;
            case (0, false):
                _ = Instructions.In8(port);
                break;
            case (1, false):
                _ = Instructions.In16(port);
                break;
            default:
                _ = Instructions.In32(port);
                break;
        }
    }
}
