using System;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Mediation;
using Hypervisor.Devices.Acpi;

namespace Hypervisor.Devices.Pci;

/// <summary>The ACPI table MCFG (PCI Firmware 3.3 §4.1.2): which segments and buses have windows, and where.</summary>
internal static class McfgTable
{
    private const int FirstEntry = 44;
    private const int EntrySize = 16;
    private const int SegmentOffset = 8;
    private const int FirstBusOffset = 10;
    private const int LastBusOffset = 11;
    private const int PhysicalAddressBits = 47; // what the host can show; claims refuse what does not exist

    /// <summary>Takes over the entries of the machine's table that can be; the others get a line in the log.</summary>
    internal static void Read(MediatorHost host, EcamWindows windows) => Read(host, AcpiAccess.Finder(host).Find("MCFG"u8), windows);

    /// <summary>Takes over the entries that can be; the others get a line in the log.</summary>
    /// <param name="host">For the log.</param>
    /// <param name="table">The table, header included.</param>
    /// <param name="windows">Where they go.</param>
    internal static void Read(MediatorHost host, ReadOnlySpan<byte> table, EcamWindows windows)
    {
        for (int offset = FirstEntry; offset + EntrySize <= table.Length; offset += EntrySize)
        {
            EcamWindow window = new()
            {
                Segment = AcpiTables.Read16(table, offset + SegmentOffset), FirstBus = table[offset + FirstBusOffset],
                LastBus = table[offset + LastBusOffset], Base = AcpiTables.Read64(table, offset), IsActive = true,
            };
            ReadOnlySpan<byte> objection = windows.Objection(window, PhysicalAddressBits);
            if (objection.Length == 0 && windows.Add(window) < 0)
            {
                objection = "there are too many"u8;
            }

            if (objection.Length != 0)
            {
                Describe(host.Log(LogLevel.Warning).Text("MCFG entry refused: "u8), window).Text(": "u8).Text(objection).End();
            }
        }
    }

    /// <summary>Adds a window to a line of the log: segment, buses, address.</summary>
    internal static LogLine Describe(LogLine line, in EcamWindow window) => line.Text("segment "u8).Decimal((uint)window.Segment)
        .Text(", buses "u8).Decimal((uint)window.FirstBus).Text(" to "u8).Decimal((uint)window.LastBus).Text(", at "u8).Hex(window.Base);
}
