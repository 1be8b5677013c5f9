using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Pci;

/// <summary>Finds the capabilities through which a function can lose its registers (PCI 3.0 §6.7).</summary>
internal static class PciCapabilities
{
    internal const byte PowerManagement = 0x01;
    internal const byte Express = 0x10;
    internal const byte AdvancedFeatures = 0x13;

    /// <summary>PMCSR in the power management capability (PCI Power Management 1.2 §3.2.4).</summary>
    internal const int PowerControl = 4;

    /// <summary>Device control in the PCI Express capability (PCIe 4.0 §7.5.3.4).</summary>
    internal const int DeviceControl = 8;

    /// <summary>Control in the advanced features capability (PCI-SIG ECN "Advanced Capabilities for Conventional PCI", 2006).</summary>
    internal const int AdvancedControl = 4;

    private const uint PowerStateMask = 3;
    private const uint FunctionResetBit = 1u << 15;
    private const uint AdvancedResetBit = 1;
    private const uint CapabilitiesBit = 1u << 4; // of the status register
    private const int PointerMask = 0xFC;
    private const int MaximumCapabilities = 48;
    private const int NextShift = 8;

    /// <summary>Looks for the three.</summary>
    internal static void Find(PciConfiguration configuration, MediatorHost caller, ref PciFunctionRecord record)
    {
        PciAddress address = new(record.Address);
        if ((configuration.Read(caller, address, PciRegister.Status, sizeof(ushort)) & CapabilitiesBit) == 0)
        {
            return;
        }

        int offset = (int)configuration.Read(caller, address, PciRegister.CapabilityPointer, sizeof(byte)) & PointerMask;
        for (int i = 0; i < MaximumCapabilities && offset >= PciRegister.HeaderEnd; i++)
        {
            uint header = configuration.Read(caller, address, offset, sizeof(ushort));
            switch ((byte)header)
            {
                case PowerManagement:
                    record.PowerCapability = (byte)offset;
                    record.PowerState = (byte)(configuration.Read(caller, address, offset + PowerControl, sizeof(ushort)) & PowerStateMask);
                    break;
                case Express:
                    record.ExpressCapability = (byte)offset;
                    break;
                case AdvancedFeatures:
                    record.AdvancedCapability = (byte)offset;
                    break;
            }

            offset = (int)(header >> NextShift) & PointerMask;
        }
    }

    /// <summary>D0 to D3 in PMCSR.</summary>
    internal static byte PowerState(uint control) => (byte)(control & PowerStateMask);

    /// <summary>Whether a write of device control resets the function (PCIe 4.0 §6.6.2).</summary>
    internal static bool IsFunctionReset(uint deviceControl) => (deviceControl & FunctionResetBit) != 0;

    /// <summary>Whether a write of the advanced features' control resets the function.</summary>
    internal static bool IsAdvancedReset(uint control) => (control & AdvancedResetBit) != 0;
}
