using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Pci;

/// <summary>
/// The configuration space of every function, for the host's own use: the same through the ports and through a window in memory (M40). May be called from any method
/// of a mediator, inside an access of the guest too: it takes one short lock, under which nobody else is called (M41).
/// </summary>
/// <remarks>What is written here is not tracked: a mediator that moves a base address register of its function has to put it back.</remarks>
public sealed class PciConfiguration
{
    private const int LaneMask = 3;
    private const int AccessLock = 0;

    private readonly HostLock _lock = new(AccessLock);

    /// <summary>Whether it can be used: not before the pci mediator is attached.</summary>
    public bool IsOpen => _lock.IsOpen;

    internal EcamWindows Windows { get; } = new();

    /// <summary>Reads.</summary>
    /// <param name="caller">The host of the mediator that calls.</param>
    /// <param name="address">The function.</param>
    /// <param name="offset">First byte, 0 to 4095; it need not be aligned.</param>
    /// <param name="size">1, 2 or 4 bytes.</param>
    /// <returns>The value; all ones where there is no function, or no way to reach the register.</returns>
    public uint Read(MediatorHost caller, PciAddress address, int offset, int size)
    {
        if (!IsAccess(offset, size))
        {
            return Ones(size);
        }

        if ((offset & LaneMask) + size > sizeof(uint))
        {
            int half = size / 2;
            return Read(caller, address, offset, half) | (Read(caller, address, offset + half, half) << (half * 8));
        }

        _lock.Enter(caller);
        int window = Windows.Find(address.Segment, address.Bus);
        uint value = window >= 0 ? (uint)caller.ReadDevice(Windows[window].AddressOf(address, offset), size) & Ones(size)
            : ReachesPorts(address, offset) ? PciPorts.Read(caller, address, offset, size)
            : Ones(size);
        _lock.Leave(caller);
        return value;
    }

    /// <summary>Writes.</summary>
    /// <param name="caller">The host of the mediator that calls.</param>
    /// <param name="address">The function.</param>
    /// <param name="offset">First byte, 0 to 4095; it need not be aligned.</param>
    /// <param name="size">1, 2 or 4 bytes.</param>
    /// <param name="value">The value; bits beyond the size do not count.</param>
    public void Write(MediatorHost caller, PciAddress address, int offset, int size, uint value)
    {
        if (!IsAccess(offset, size))
        {
            return;
        }

        if ((offset & LaneMask) + size > sizeof(uint))
        {
            int half = size / 2;
            Write(caller, address, offset, half, value);
            Write(caller, address, offset + half, half, value >> (half * 8));
            return;
        }

        _lock.Enter(caller);
        int window = Windows.Find(address.Segment, address.Bus);
        if (window >= 0)
        {
            caller.WriteDevice(Windows[window].AddressOf(address, offset), size, value);
        }
        else if (ReachesPorts(address, offset))
        {
            PciPorts.Write(caller, address, offset, size, value);
        }

        _lock.Leave(caller);
    }

    /// <summary>Opens it to all.</summary>
    internal void Open(MediatorHost owner)
    {
        _lock.Open(owner);
        Windows.Clear();
        Lock(owner);
        PciPorts.Reset(owner);
        Unlock(owner);
    }

    internal void Lock(MediatorHost caller) => _lock.Enter(caller);

    internal void Unlock(MediatorHost caller) => _lock.Leave(caller);

    /// <summary>Lets accesses to functions that nobody looks at pass by the mediator.</summary>
    internal static void OpenPassage(MediatorHost owner) => owner.OpenConfigurationPorts(AccessLock);

    /// <summary>Lets nothing pass by any more; whoever is passing has passed when this returns.</summary>
    internal void ClosePassage(MediatorHost owner)
    {
        Lock(owner);
        owner.ConfigurationPorts.IsOpen = false;
        Unlock(owner);
    }

    /// <summary>The guest's access to the address port, as it is.</summary>
    internal void PerformPort(MediatorHost owner, ref PortRequest request)
    {
        _lock.Enter(owner);
        PciPorts.Perform(owner, ref request);
        _lock.Leave(owner);
    }

    /// <summary>The guest's data cycle, as it is.</summary>
    /// <param name="owner">The host.</param>
    /// <param name="register">The address register by which it was judged.</param>
    /// <param name="request">The access to the data port.</param>
    internal void PerformPort(MediatorHost owner, PciAddressRegister register, ref PortRequest request)
    {
        _lock.Enter(owner);
        PciPorts.Perform(owner, register, ref request);
        _lock.Leave(owner);
    }

    /// <summary>All bits of an access.</summary>
    internal static uint Ones(int size) => uint.MaxValue >> ((sizeof(uint) - size) * 8);

    private static bool ReachesPorts(PciAddress address, int offset) => address.Segment == 0 && offset < PciRegister.PortSpaceSize;

    private static bool IsAccess(int offset, int size) => size is 1 or 2 or 4 && offset >= 0 && offset <= PciRegister.SpaceSize - size;
}
