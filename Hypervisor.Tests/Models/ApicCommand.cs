namespace Hypervisor.Tests.Models;

/// <summary>A command a local APIC was told to send: the low half as written, and the destination at full width.</summary>
internal readonly record struct ApicCommand(uint Low, uint Destination)
{
    /// <summary>Delivery mode, bits 10:8.</summary>
    internal uint Mode => (Low >> 8) & 7;

    internal bool IsNmi => Mode == 4;

    internal bool IsInit => Mode == 5;

    internal bool IsStartup => Mode == 6;

    internal byte Vector => (byte)Low;

    internal static ApicCommand Nmi(uint destination) => new(0x4400, destination);

    internal static ApicCommand Init(uint destination) => new(0x4500, destination);

    internal static ApicCommand Startup(uint destination, byte vector) => new(0x4600u | vector, destination);
}
