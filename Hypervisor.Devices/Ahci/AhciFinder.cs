using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Mediation;
using Hypervisor.Devices.Pci;

namespace Hypervisor.Devices.Ahci;

/// <summary>Finds the ways to the registers of a controller, and claims them.</summary>
internal sealed class AhciFinder
{
    private const int RegistersBar = 5;
    private const int Bars = 6;
    private const int MaximumCapabilities = 48;
    private const int CapabilityMask = 0xFC;
    private const int NextShift = 8;

    private readonly PciMediator _pci;
    private readonly PciConfiguration _configuration;
    private readonly AhciRegisters _registers;
    private readonly AhciPolicy _policy;

    internal AhciFinder(PciMediator pci, PciConfiguration configuration, AhciRegisters registers, AhciPolicy policy)
    {
        _pci = pci;
        _configuration = configuration;
        _registers = registers;
        _policy = policy;
    }

    /// <summary>Claims the registers; and while rules are active what a parallel ATA controller would be reached by, so that it is no way around them (M55).</summary>
    internal void Claim(MediatorHost host, int index, ref AhciController controller)
    {
        FindPair(host, ref controller);
        for (int i = 0; i < AhciRegister.MaximumPorts; i++)
        {
            controller.Concerned |= _policy.GovernsPort(controller.Address, i) ? 1u << i : 0;
        }

        PciFunction function = _pci.Function(controller.Function);
        MemoryForm form = controller.MayBeGoverned
            ? new() { IsStrict = true }
            : new() { WritesOnly = true, PassingWrites = AhciRegister.UnwatchedWrites };
        _ = function.ClaimBar(host, RegistersBar, AhciTag.Of(index, RegistersBar), form);
        bool any = false;
        for (int i = 0; i < RegistersBar; i++)
        {
            if (controller.MayBeGoverned || i == controller.PairBar)
            {
                bool exists = function.ClaimBar(host, i, AhciTag.Of(index, i), new MemoryForm { IsStrict = controller.MayBeGoverned });
                _ = function.GetBar(i, out _, out _, out bool isIo);
                any |= exists && isIo && controller.MayBeGoverned;
                if (exists && !isIo)
                {
                    function.ReleaseBar(host, i);
                }
            }
        }

        if (any)
        {
            host.Log(LogLevel.Information).Pci(controller.Address).Text(": its I/O ports are closed, but for the index/data pair"u8).End();
        }
    }

    /// <summary>Claims everything of a controller there is no room for, where it would be a way around the rules.</summary>
    internal void Refuse(MediatorHost host, int function, uint tag)
    {
        for (int i = 0; i < Bars && _policy.Governs; i++)
        {
            _ = _pci.Function(function).ClaimBar(host, i, tag, new MemoryForm { IsStrict = true });
        }
    }

    /// <summary>Where base address registers point by now.</summary>
    internal void Place(ref AhciController controller)
    {
        PciFunction function = _pci.Function(controller.Function);
        controller.HasMemory = function.GetBar(RegistersBar, out controller.Registers, out _, out bool isIo) && !isIo;
        if (controller.PairBar >= 0)
        {
            controller.HasPorts = function.GetBar(controller.PairBar, out ulong ports, out _, out isIo) && isIo;
            controller.PairPorts = (ushort)ports;
        }
    }

    /// <summary>Asks a controller what it can do.</summary>
    /// <returns>False where it cannot be asked now.</returns>
    internal bool TryKnow(MediatorHost host, ref AhciController controller)
    {
        if (!AhciRegisters.CanReach(controller))
        {
            return false;
        }

        uint ports = _registers.Read(host, controller, AhciRegister.PortsImplemented);
        AhciCapabilities capabilities = new(_registers.Read(host, controller, AhciRegister.Capabilities));
        bool isThere = (ports & capabilities.Value) != uint.MaxValue;
        controller.IsKnown = isThere && ports != 0;
        if (controller.IsKnown && ports != controller.Ports)
        {
            controller.Capabilities = capabilities;
            controller.Ports = ports;
            host.Log(LogLevel.Information).Pci(controller.Address).Text(": ports "u8).Hex(controller.Ports).Text(", registers at "u8).Hex(controller.Registers).End();
        }

        return controller.IsKnown;
    }

    private void FindPair(MediatorHost host, ref AhciController controller)
    {
        int offset = (int)_configuration.Read(host, controller.Address, PciRegister.CapabilityPointer, sizeof(byte)) & CapabilityMask;
        for (int i = 0; i < MaximumCapabilities && offset >= PciRegister.HeaderEnd; i++)
        {
            uint header = _configuration.Read(host, controller.Address, offset, sizeof(ushort));
            if ((byte)header == AhciPairPlace.CapabilityId)
            {
                AhciPairPlace place = new(_configuration.Read(host, controller.Address, offset + AhciPairPlace.PlaceOffset, sizeof(uint)));
                controller.PairBar = place.IsInBar ? (sbyte)place.Bar : AhciController.NoBar;
                controller.PairOffset = place.IsInBar ? place.Offset : place.IsInConfiguration ? offset + AhciPairPlace.ConfigurationIndex : 0;
                return;
            }

            offset = (int)(header >> NextShift) & CapabilityMask;
        }
    }
}
