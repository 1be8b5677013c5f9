using Hypervisor.Core.Mediation;
using Hypervisor.Core.Traps;

namespace Hypervisor.Devices.Pci;

/// <summary>
/// The pair of ports CF8h and CFCh (PCI 3.0 §3.2.2.3.2). What the guest writes to the address port is kept (<see cref="ConfigurationPorts"/>) and reaches the hardware together with its next data
/// cycle, so the host can use the pair in between. All calls but <see cref="Latch"/> are made under the lock of <see cref="PciConfiguration"/>.
/// </summary>
internal static class PciPorts
{
    private const ushort AddressPort = ConfigurationPorts.AddressPort;
    private const ushort DataPort = ConfigurationPorts.DataPort;
    private const int LaneMask = 3;

    /// <summary>What the guest believes to be in the address register, where it is not unknown.</summary>
    internal static PciAddressRegister Address(MediatorHost host) => new(host.ConfigurationPorts.Latch);

    /// <summary>Takes over what the hardware has.</summary>
    internal static void Reset(MediatorHost host)
    {
        ref ConfigurationPorts state = ref host.ConfigurationPorts;
        state.Hardware = host.ReadPort(AddressPort, sizeof(uint));
        state.Latch = state.Hardware;
        state.IsUnknown = false;
    }

    /// <summary>The guest has written the address register.</summary>
    internal static void Latch(MediatorHost host, uint value)
    {
        host.ConfigurationPorts.Latch = value;
        host.ConfigurationPorts.IsUnknown = false;
    }

    /// <summary>Gives the hardware what the guest believes to be there.</summary>
    internal static void Synchronize(MediatorHost host)
    {
        ref ConfigurationPorts state = ref host.ConfigurationPorts;
        if (state.IsUnknown)
        {
            Reset(host);
        }
        else if (state.Hardware != state.Latch)
        {
            state.Hardware = state.Latch;
            host.WritePort(AddressPort, sizeof(uint), state.Hardware);
        }
    }

    /// <summary>An access narrower than the register is about to go to the hardware.</summary>
    internal static void Expose(MediatorHost host)
    {
        Synchronize(host);
        host.ConfigurationPorts.IsUnknown = true;
    }

    /// <summary>The guest's access to the address port, as it is.</summary>
    internal static void Perform(MediatorHost host, ref PortRequest request)
    {
        Synchronize(host);
        Pass(host, ref request);
    }

    /// <summary>
    /// The guest's data cycle, as it is, to the register that it was judged by: another processor may have written another one to the address port since.
    /// </summary>
    /// <param name="host">The host.</param>
    /// <param name="register">What was in the address register.</param>
    /// <param name="request">The access to the data port.</param>
    internal static void Perform(MediatorHost host, PciAddressRegister register, ref PortRequest request)
    {
        ref ConfigurationPorts state = ref host.ConfigurationPorts;
        if (state.IsUnknown)
        {
            Reset(host);
        }

        if (state.Hardware != register.Value)
        {
            state.Hardware = register.Value;
            host.WritePort(AddressPort, sizeof(uint), register.Value);
        }

        Pass(host, ref request);
    }

    private static void Pass(MediatorHost host, ref PortRequest request)
    {
        if (request.IsWrite)
        {
            host.WritePort(request.Port, request.Size, request.Value);
        }
        else
        {
            request.Value = host.ReadPort(request.Port, request.Size);
        }
    }

    /// <summary>A read of the host's own.</summary>
    /// <param name="host">Who reads.</param>
    /// <param name="address">The function, in segment 0.</param>
    /// <param name="offset">0 to 255.</param>
    /// <param name="size">1, 2 or 4 bytes of one dword.</param>
    internal static uint Read(MediatorHost host, PciAddress address, int offset, int size)
    {
        Select(host, address, offset);
        uint value = host.ReadPort((ushort)(DataPort + (offset & LaneMask)), size);
        Restore(host);
        return value;
    }

    /// <summary>A write of the host's own.</summary>
    internal static void Write(MediatorHost host, PciAddress address, int offset, int size, uint value)
    {
        Select(host, address, offset);
        host.WritePort((ushort)(DataPort + (offset & LaneMask)), size, value);
        Restore(host);
    }

    private static void Select(MediatorHost host, PciAddress address, int offset)
    {
        Synchronize(host); // learns what only the hardware knows, before it is lost
        uint register = PciAddressRegister.Of(address, offset).Value;
        host.ConfigurationPorts.Hardware = register;
        host.WritePort(AddressPort, sizeof(uint), register);
    }

    private static void Restore(MediatorHost host)
    {
        uint latch = host.ConfigurationPorts.Latch; // another processor's guest may write it in the meantime
        host.WritePort(AddressPort, sizeof(uint), latch);
        host.ConfigurationPorts.Hardware = latch;
    }
}
