using System;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Ahci;

/// <summary>Lines about what is refused: a guest that tries again and again does not fill the log.</summary>
internal sealed class AhciComplaints
{
    private const ulong ChattyLines = 8;

    private readonly AhciCounters _counters;

    internal AhciComplaints(AhciCounters counters)
    {
        _counters = counters;
    }

    /// <summary>What is no command, or would reach the host's memory.</summary>
    internal void Bad(MediatorHost host, in AhciController controller, int port, ReadOnlySpan<byte> why)
    {
        if (_counters.Bad++ < ChattyLines)
        {
            AhciText.Port(host.Log(LogLevel.Warning), controller, port).Text(": refused: "u8).Text(why).End();
        }
    }

    /// <summary>A rule refuses a command.</summary>
    internal void Refused(MediatorHost host, in AhciController controller, int port, byte operation, in DiskCommand command)
    {
        if (_counters.Refused++ < ChattyLines)
        {
            Describe(AhciText.Port(host.Log(LogLevel.Warning), controller, port).Text(": refused by a rule: "u8), operation, command).End();
        }
    }

    /// <summary>A rule wants a command in the log.</summary>
    internal static void Log(MediatorHost host, in AhciController controller, int port, byte operation, in DiskCommand command) =>
        Describe(AhciText.Port(host.Log(LogLevel.Information), controller, port).Text(": "u8), operation, command).End();

    private static LogLine Describe(LogLine line, byte operation, in DiskCommand command)
    {
        line = line.Text(command.Kind == AtaCommandClass.Packet ? "packet "u8 : "command "u8).Byte(operation);
        return command.HasSectors ? line.Text(", sector "u8).Decimal(command.Lba).Text(", count "u8).Decimal((uint)command.Count) : line;
    }
}
