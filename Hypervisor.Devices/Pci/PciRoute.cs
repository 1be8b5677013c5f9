using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Pci;

/// <summary>The bridges on the way to a function (PCI-to-PCI Bridge 1.2 §4).</summary>
internal sealed class PciRoute
{
    private const int MaximumDepth = 32;
    private const uint SubtractiveBridge = 0x06_0401;

    private readonly PciConfiguration _configuration;
    private readonly PciFunctions _functions;

    internal PciRoute(PciConfiguration configuration, PciFunctions functions)
    {
        _configuration = configuration;
        _functions = functions;
    }

    /// <summary>Whether all of them hand a range on.</summary>
    internal bool Reaches(MediatorHost caller, in PciFunctionRecord record, ulong first, ulong last, bool isIo)
    {
        int bridge = record.Parent;
        for (int depth = 0; bridge >= 0 && depth < MaximumDepth; depth++)
        {
            ref PciFunctionRecord above = ref _functions[bridge];
            PciCommand command = new(above.Command);
            if (!above.IsPlaced || !(isIo ? command.IoSpace : command.MemorySpace) || !HandsOn(caller, above, first, last, isIo))
            {
                return false;
            }

            bridge = above.Parent;
        }

        return true;
    }

    private bool HandsOn(MediatorHost caller, in PciFunctionRecord bridge, ulong first, ulong last, bool isIo)
    {
        PciAddress address = new(bridge.Address);
        return bridge.ClassCode == SubtractiveBridge || (isIo
            ? PciBridgeWindow.Io(_configuration, caller, address).Holds(first, last)
            : PciBridgeWindow.Memory(_configuration, caller, address).Holds(first, last)
                || PciBridgeWindow.Prefetch(_configuration, caller, address).Holds(first, last));
    }
}
