using Hypervisor.Core.Cpu;

namespace Hypervisor.Guests.Probe.Stress;

/// <summary>
/// Configuration space by ports: everything is read, in any width at any offset. Written are functions that do not exist, and of those that do the one register
/// that is nothing but memory: what else a function has moves the disk that the firmware boots from, the window, power management, or starts DMA.
/// </summary>
internal static class HostilePci
{
    private const ushort AddressPort = 0xCF8;
    private const ushort DataPort = 0xCFC;
    private const uint EnableBit = 1u << 31;
    private const uint NobodysBus = 0xFEu << 16;
    private const uint BelowBus = 0xFFFF;
    private const uint FunctionBits = 0xFF00;
    private const uint InterruptLine = 0x3C; // PCI 3.0 §6.2.4: written by firmware, used by drivers, without meaning to the function
    private const uint HostBridge = 0x29C0_8086; // QEMU's q35
    private const uint WindowRegister = 0x60;
    private const uint WindowMask = 0xF000_0000;

    /// <summary>The window of extended configuration space; 0 where there is none that shows all buses.</summary>
    internal static ulong FindWindow()
    {
        Instructions.Out32(AddressPort, EnableBit);
        if (Instructions.In32(DataPort) != HostBridge)
        {
            return 0;
        }

        Instructions.Out32(AddressPort, EnableBit | WindowRegister);
        uint window = Instructions.In32(DataPort);
        return (window & 7) == 1 ? window & WindowMask : 0;
    }

    /// <summary>One access.</summary>
    internal static void Step(ref RandomSequence random)
    {
        uint form = random.Next();
        bool writes = (form & 1) != 0;
        uint address = random.Next();
        uint value = random.Next();
        if (writes && (form & 0x60) == 0)
        {
            Instructions.Out32(AddressPort, EnableBit | (address & FunctionBits) | InterruptLine);
            Instructions.Out8(DataPort, (byte)value);
            return;
        }

        address = writes ? (address & (EnableBit | BelowBus)) | NobodysBus : (form & 0x80) == 0 ? EnableBit | (address & BelowBus) : address;
        Instructions.Out32(AddressPort, writes && (form & 0x300) != 0 ? address | EnableBit : address);
        ushort port = (ushort)(DataPort + ((form >> 1) & 3));
        switch ((form >> 3 & 3, writes))
        {
            case (0, true):
                Instructions.Out8(port, (byte)value);
                break;
            case (1, true) when port != DataPort + 3:
                Instructions.Out16(port, (ushort)value);
                break;
            case (_, true):
                Instructions.Out32(DataPort, value);
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
