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

    /// <summary>Makes an access as the guest asks for it, within one register.</summary>
    internal void Perform(MediatorHost host, in AhciController controller, ref AhciAccess access)
    {
        ulong address = controller.Registers + (uint)access.Offset;
        if (controller.HasMemory && access.IsWrite)
        {
            host.WriteDevice(address, access.Size, access.Value);
        }
        else if (controller.HasMemory)
        {
            access.Value = host.ReadDevice(address, access.Size);
        }
        else if (CanReach(controller))
        {
            uint before = Index(host, controller);
            SetIndex(host, controller, (uint)access.Register);
            PerformByPair(host, controller, ref access);
            SetIndex(host, controller, before);
        }
        else if (!access.IsWrite)
        {
            access.Value = ulong.MaxValue;
        }
    }

    /// <summary>Makes a write as the guest asks for it, within one register.</summary>
    internal void Perform(MediatorHost host, in AhciController controller, AhciAccess access) => Perform(host, controller, ref access);

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

    private void PerformByPair(MediatorHost host, in AhciController controller, ref AhciAccess access)
    {
        int lane = access.Offset - access.Register;
        int place = controller.PairOffset + sizeof(uint) + lane;
        ushort port = (ushort)(DataPort(controller) + lane);
        switch (controller.PairBar >= 0, access.IsWrite)
        {
            case (true, true):
                host.WritePort(port, access.Size, (uint)access.Value);
                break;
            case (true, false):
                access.Value = host.ReadPort(port, access.Size);
                break;
            case (false, true):
                _configuration.Write(host, controller.Address, place, access.Size, (uint)access.Value);
                break;
            default:
                access.Value = _configuration.Read(host, controller.Address, place, access.Size);
                break;
        }
    }

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
