using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Pci;

/// <summary>
/// The pair of ports CF8h and CFCh (PCI 3.0 §3.2.2.3.2). What the guest writes to the address port is kept here and reaches the hardware together with its next data
/// cycle, so the host can use the pair in between. All calls but <see cref="Latch"/> are made under the lock of <see cref="PciConfiguration"/>.
/// </summary>
internal sealed class PciPorts
{
    internal const ushort AddressPort = 0xCF8;
    internal const ushort AddressPortEnd = 0xCFB;
    internal const ushort DataPort = 0xCFC;
    internal const ushort DataPortEnd = 0xCFF;

    private const int LaneMask = 3;

    private uint _latch;
    private uint _hardware;
    private bool _isUnknown;

    /// <summary>What the guest believes to be in the address register, where <see cref="IsUnknown"/> does not say otherwise.</summary>
    internal PciAddressRegister Address => new(_latch);

    /// <summary>Whether the guest has touched the address register in a way whose outcome the hardware alone knows.</summary>
    internal bool IsUnknown => _isUnknown;

    /// <summary>Takes over what the hardware has.</summary>
    internal void Reset(MediatorHost host)
    {
        _latch = host.ReadPort(AddressPort, sizeof(uint));
        _hardware = _latch;
        _isUnknown = false;
    }

    /// <summary>The guest has written the address register.</summary>
    internal void Latch(uint value)
    {
        _latch = value;
        _isUnknown = false;
    }

    /// <summary>Gives the hardware what the guest believes to be there.</summary>
    internal void Synchronize(MediatorHost host)
    {
        if (_isUnknown)
        {
            Reset(host);
        }
        else if (_hardware != _latch)
        {
            host.WritePort(AddressPort, sizeof(uint), _latch);
            _hardware = _latch;
        }
    }

    /// <summary>An access narrower than the register is about to go to the hardware.</summary>
    internal void Expose(MediatorHost host)
    {
        Synchronize(host);
        _isUnknown = true;
    }

    /// <summary>The guest's access, as it is.</summary>
    internal void Perform(MediatorHost host, ref PortRequest request)
    {
        Synchronize(host);
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
    internal uint Read(MediatorHost host, PciAddress address, int offset, int size)
    {
        Select(host, address, offset);
        uint value = host.ReadPort((ushort)(DataPort + (offset & LaneMask)), size);
        Restore(host);
        return value;
    }

    /// <summary>A write of the host's own.</summary>
    internal void Write(MediatorHost host, PciAddress address, int offset, int size, uint value)
    {
        Select(host, address, offset);
        host.WritePort((ushort)(DataPort + (offset & LaneMask)), size, value);
        Restore(host);
    }

    private void Select(MediatorHost host, PciAddress address, int offset)
    {
        Synchronize(host); // learns what only the hardware knows, before it is lost
        _hardware = PciAddressRegister.Of(address, offset).Value;
        host.WritePort(AddressPort, sizeof(uint), _hardware);
    }

    private void Restore(MediatorHost host)
    {
        uint latch = _latch; // another processor's guest may write it in the meantime
        host.WritePort(AddressPort, sizeof(uint), latch);
        _hardware = latch;
    }
}
