using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Pci;

/// <summary>
/// Finds out what a function's base address registers address and how much (PCI 3.0 §6.2.5.1): all ones are written and read back, with decoding off, and
/// everything is put back. Done once for a function that is claimed or hidden, never for others.
/// </summary>
internal static class PciLayout
{
    /// <summary>Number of the expansion ROM's register behind the others.</summary>
    internal const int RomBar = 6;

    private const uint HostBridgeClass = 0x0600;
    private const int SubclassShift = 8;
    private const int BarSize = 4;

    /// <summary>Measures all registers of a function.</summary>
    internal static void Measure(PciConfiguration configuration, MediatorHost caller, in PciFunctionRecord record, PciBars bars)
    {
        PciAddress address = new(record.Address);
        PciHeaderType header = new(record.Header);
        for (int i = 0; i < PciBars.PerFunction; i++)
        {
            bars[record.Bars, i] = default;
        }

        if (record.ClassCode >> SubclassShift == HostBridgeClass)
        {
            return; // its registers may be the machine's memory map
        }

        PciCommand command = new(configuration.Read(caller, address, PciRegister.Command, sizeof(ushort)));
        if (command.Decodes)
        {
            configuration.Write(caller, address, PciRegister.Command, sizeof(ushort), command.WithoutDecode().Value);
        }

        for (int i = 0; i < header.BarCount; i++)
        {
            ref PciBar bar = ref bars[record.Bars, i];
            MeasureOne(configuration, caller, address, ref bar, PciRegister.FirstBar + (i * BarSize), i + 1 < header.BarCount);
            i += bar.Kind == PciBarKind.Memory64 ? 1 : 0;
        }

        if (header.BarCount != 0)
        {
            MeasureRom(configuration, caller, address, ref bars[record.Bars, RomBar], header.RomOffset);
        }

        if (command.Decodes)
        {
            configuration.Write(caller, address, PciRegister.Command, sizeof(ushort), command.Value);
        }
    }

    /// <summary>Reads where a register points now.</summary>
    internal static void ReadAddress(PciConfiguration configuration, MediatorHost caller, PciAddress address, ref PciBar bar)
    {
        PciBarPlace place = Foresee(configuration, caller, address, bar, default);
        bar.IsEnabled = place.IsEnabled;
        bar.Address = place.Address;
    }

    /// <summary>Where a register will point once an access has been made.</summary>
    internal static PciBarPlace Foresee(PciConfiguration configuration, MediatorHost caller, PciAddress address, in PciBar bar, in PciGuestAccess access)
    {
        uint low = access.Over(bar.Offset, configuration.Read(caller, address, bar.Offset, sizeof(uint)));
        int next = bar.Offset + BarSize;
        uint high = bar.Kind == PciBarKind.Memory64 ? access.Over(next, configuration.Read(caller, address, next, sizeof(uint))) : 0;
        return PciBarPlace.Of(bar, low, high);
    }

    private static void MeasureOne(PciConfiguration configuration, MediatorHost caller, PciAddress address, ref PciBar bar, int offset, bool hasNext)
    {
        PciBarValue before = new(configuration.Read(caller, address, offset, sizeof(uint)));
        uint low = Probe(configuration, caller, address, offset, PciBarValue.SizingPattern);
        PciBarValue answer = new(low);
        if (low is 0 or uint.MaxValue)
        {
            return;
        }

        bar.Offset = (byte)offset;
        bar.Kind = before.IsIo ? PciBarKind.Io : before.Is64 && hasNext ? PciBarKind.Memory64 : PciBarKind.Memory32;
        uint high = bar.Kind == PciBarKind.Memory64 ? Probe(configuration, caller, address, offset + BarSize, PciBarValue.SizingPattern) : 0;
        bar.Size = answer.Size(bar.Kind, high);
        ReadAddress(configuration, caller, address, ref bar);
    }

    private static void MeasureRom(PciConfiguration configuration, MediatorHost caller, PciAddress address, ref PciBar bar, int offset)
    {
        uint answer = Probe(configuration, caller, address, offset, PciBarValue.RomSizingPattern);
        if (answer is 0 or uint.MaxValue)
        {
            return;
        }

        bar.Offset = (byte)offset;
        bar.Kind = PciBarKind.Rom;
        bar.Size = new PciBarValue(answer).Size(PciBarKind.Rom, 0);
        ReadAddress(configuration, caller, address, ref bar);
    }

    private static uint Probe(PciConfiguration configuration, MediatorHost caller, PciAddress address, int offset, uint pattern)
    {
        uint before = configuration.Read(caller, address, offset, sizeof(uint));
        configuration.Write(caller, address, offset, sizeof(uint), pattern);
        uint answer = configuration.Read(caller, address, offset, sizeof(uint));
        configuration.Write(caller, address, offset, sizeof(uint), before);
        return answer;
    }
}
