using Hypervisor.Core.Mediation;
using Hypervisor.Devices.Pci;

namespace Hypervisor.Devices.Ahci;

/// <summary>The registers of a controller for the host's own use: behind ABAR, or through the index/data pair where that is switched off.</summary>
internal sealed class AhciRegisters
{
    private readonly PciConfiguration _configuration;

    internal AhciRegisters(PciConfiguration configuration)
    {
        _configuration = configuration;
    }

    /// <summary>Whether there is a way to them.</summary>
    internal static bool CanReach(in AhciController controller) =>
        controller.HasMemory || (controller.PairBar >= 0 ? controller.HasPorts : controller.PairOffset != 0);

    /// <summary>Reads a register; all ones where there is no way to it.</summary>
    internal uint Read(MediatorHost host, in AhciController controller, int offset)
    {
        if (controller.HasMemory)
        {
            return (uint)host.ReadDevice(controller.Registers + (uint)offset, sizeof(uint));
        }

        if (!CanReach(controller))
        {
            return uint.MaxValue;
        }

        uint before = Index(host, controller);
        SetIndex(host, controller, (uint)offset);
        uint value = controller.PairBar >= 0
            ? host.ReadPort(DataPort(controller), sizeof(uint))
            : _configuration.Read(host, controller.Address, controller.PairOffset + sizeof(uint), sizeof(uint));
        SetIndex(host, controller, before);
        return value;
    }

    /// <summary>Writes a register.</summary>
    internal void Write(MediatorHost host, in AhciController controller, int offset, uint value)
    {
        if (controller.HasMemory)
        {
            host.WriteDevice(controller.Registers + (uint)offset, sizeof(uint), value);
        }
        else if (CanReach(controller))
        {
            uint before = Index(host, controller);
            SetIndex(host, controller, (uint)offset);
            if (controller.PairBar >= 0)
            {
                host.WritePort(DataPort(controller), sizeof(uint), value);
            }
            else
            {
                _configuration.Write(host, controller.Address, controller.PairOffset + sizeof(uint), sizeof(uint), value);
            }

            SetIndex(host, controller, before);
        }
    }

    /// <summary>Reads a register of a port.</summary>
    internal uint ReadPort(MediatorHost host, in AhciController controller, int port, int register) =>
        Read(host, controller, AhciRegister.OfPort(port, register));

    /// <summary>Writes a register of a port.</summary>
    internal void WritePort(MediatorHost host, in AhciController controller, int port, int register, uint value) =>
        Write(host, controller, AhciRegister.OfPort(port, register), value);

    /// <summary>Reads two registers of a port that are one address.</summary>
    internal ulong ReadAddress(MediatorHost host, in AhciController controller, int port, int register)
    {
        const int upperShift = 32;
        ulong low = ReadPort(host, controller, port, register);
        return controller.Capabilities.Has64Bits ? low | ((ulong)ReadPort(host, controller, port, register + sizeof(uint)) << upperShift) : low;
    }

    /// <summary>What the index register holds.</summary>
    internal uint Index(MediatorHost host, in AhciController controller) => controller.PairBar >= 0
        ? host.ReadPort((ushort)(controller.PairPorts + controller.PairOffset), sizeof(uint))
        : _configuration.Read(host, controller.Address, controller.PairOffset, sizeof(uint));

    private static ushort DataPort(in AhciController controller) => (ushort)(controller.PairPorts + controller.PairOffset + sizeof(uint));

    private void SetIndex(MediatorHost host, in AhciController controller, uint offset)
    {
        if (controller.PairBar >= 0)
        {
            host.WritePort((ushort)(controller.PairPorts + controller.PairOffset), sizeof(uint), offset);
        }
        else
        {
            _configuration.Write(host, controller.Address, controller.PairOffset, sizeof(uint), offset);
        }
    }
}
