using System;
using Hypervisor.Core.Diagnostics;

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
    internal void Bad(in PortAccess port, ReadOnlySpan<byte> why)
    {
        if (_counters.Bad++ < ChattyLines)
        {
            port.Log(LogLevel.Warning).Text(": refused: "u8).Text(why).End();
        }
    }

    /// <summary>A rule refuses a command.</summary>
    internal void Refused(in PortAccess port, byte operation, in DiskCommand command)
    {
        if (_counters.Refused++ < ChattyLines)
        {
            Describe(port.Log(LogLevel.Warning).Text(": refused by a rule: "u8), operation, command).End();
        }
    }

    /// <summary>A rule wants a command in the log.</summary>
    internal static void Log(in PortAccess port, byte operation, in DiskCommand command) =>
        Describe(port.Log(LogLevel.Information).Text(": "u8), operation, command).End();

    private static LogLine Describe(LogLine line, byte operation, in DiskCommand command)
    {
        line = line.Text(command.Kind == AtaCommandClass.Packet ? "packet "u8 : "command "u8).Byte(operation);
        return command.HasSectors ? line.Text(", sector "u8).Decimal(command.Lba).Text(", count "u8).Decimal((uint)command.Count) : line;
    }
}
