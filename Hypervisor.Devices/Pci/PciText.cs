using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Pci;

/// <summary>Addresses and identifications in the log, in the form the options take.</summary>
internal static class PciText
{
    private const int ByteBits = 8;
    private const int Digit = 0xF;

    /// <summary>SSSS:BB:DD.F.</summary>
    internal static LogLine Pci(this LogLine line, PciAddress address) => Word(line, (ushort)address.Segment).Text(":"u8).Byte((byte)address.Bus).Text(":"u8)
        .Byte((byte)address.Device).Text("."u8).Decimal((uint)(address.Function & Digit));

    /// <summary>VVVV:DDDD.</summary>
    internal static LogLine Pci(this LogLine line, PciIdentity identity) => Word(Word(line, identity.Vendor).Text(":"u8), identity.Device);

    private static LogLine Word(LogLine line, ushort value) => line.Byte((byte)(value >> ByteBits)).Byte((byte)value);
}
