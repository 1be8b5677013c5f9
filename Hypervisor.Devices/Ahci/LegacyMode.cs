using Hypervisor.Core.Mediation;
using Hypervisor.Devices.Pci;

namespace Hypervisor.Devices.Ahci;

/// <summary>
/// The ways by which an AHCI controller becomes one of parallel ATA again, which would lead around rules (M55): registers in configuration space, and the ports at which it would answer then,
/// which no base address register names (PCI IDE Controller Specification 1.0 §2).
/// </summary>
internal static class LegacyMode
{
    private const ushort Intel = 0x8086;
    private const ushort Amd = 0x1022;
    private const ushort Ati = 0x1002;
    private const int ClassSize = sizeof(uint); // with the revision, which is read-only
    private const int AmdMiscellaneousControl = 0x40; // bit 0 makes class and subclass writable (AMD SB700 RRG §2.1.1, Miscellaneous Control)
    private const int IntelMap = 0x90; // SMS, the mode (ICH9 §15.1.29)

    /// <summary>First and last of them.</summary>
    private static System.ReadOnlySpan<ushort> FixedPorts => [0x1F0, 0x1F7, 0x3F6, 0x3F6, 0x170, 0x177, 0x376, 0x376];

    /// <summary>Whether a write to configuration space could change what the controller is.</summary>
    /// <param name="request">The write.</param>
    /// <param name="vendor">Who made the controller.</param>
    internal static bool IsSwitchedBy(in PciRequest request, uint vendor) => Touches(request, PciRegister.ClassRevision, ClassSize) || (ushort)vendor switch
    {
        Intel => Touches(request, IntelMap, sizeof(ushort)),
        Amd or Ati => Touches(request, AmdMiscellaneousControl, sizeof(uint)),
        _ => false,
    };

    /// <summary>Claims the fixed ports: to be called where no controller of parallel ATA has them.</summary>
    internal static void CloseFixedPorts(MediatorHost host, uint tag)
    {
        for (int i = 0; i < FixedPorts.Length; i += 2)
        {
            _ = host.ClaimPorts(FixedPorts[i], FixedPorts[i + 1], tag);
        }
    }

    private static bool Touches(in PciRequest request, int first, int size) => request.Offset < first + size && request.Offset + request.Size > first;
}
