using Hypervisor.Core.Diagnostics;
using Hypervisor.Devices.Pci;

namespace Hypervisor.Devices.Ahci;

/// <summary>Controllers and ports in the log.</summary>
internal static class AhciText
{
    internal static LogLine Port(LogLine line, in AhciController controller, int port) =>
        line.Pci(controller.Address).Text(" port "u8).Decimal((uint)port);
}
