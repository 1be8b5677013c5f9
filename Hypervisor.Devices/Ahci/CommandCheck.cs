using System;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Ahci;

/// <summary>Whether what a command makes the controller read and write is the guest's (M54, S1).</summary>
internal static class CommandCheck
{
    /// <summary>Offset of the packet in a command table (AHCI 1.3.1 §4.2.3).</summary>
    internal const int PacketOffset = 0x40;

    /// <summary>Offset of the table of buffers in a command table.</summary>
    internal const int PrdtOffset = 0x80;

    private const int QuadsPerPrd = AhciPrd.Size / sizeof(ulong);

    /// <summary>The command table of a command; empty where any of it is not the guest's.</summary>
    internal static Span<byte> Table(MediatorHost host, in AhciCommandHeader header) =>
        host.Memory(header.Table, PrdtOffset + (header.PrdtLength * AhciPrd.Size));

    /// <summary>An entry of a table of buffers.</summary>
    /// <param name="prdt">The table, as quadwords.</param>
    /// <param name="index">Which.</param>
    /// <param name="has64Bits">Whether the controller has addresses of 64 bits.</param>
    internal static AhciPrd Prd(ReadOnlySpan<ulong> prdt, int index, bool has64Bits) =>
        new(prdt[index * QuadsPerPrd], prdt[(index * QuadsPerPrd) + 1], has64Bits);

    /// <summary>Whether all buffers are the guest's.</summary>
    /// <param name="host">The host of the mediator.</param>
    /// <param name="table">The command table.</param>
    /// <param name="count">Number of buffers.</param>
    /// <param name="has64Bits">Whether the controller has addresses of 64 bits.</param>
    internal static bool AreBuffersGuests(MediatorHost host, Span<byte> table, int count, bool has64Bits)
    {
        ReadOnlySpan<ulong> prdt = Words.Quads(table.Slice(PrdtOffset));
        for (int i = 0; i < count; i++)
        {
            AhciPrd prd = Prd(prdt, i, has64Bits);
            if (host.Memory(prd.Address, prd.Length).IsEmpty)
            {
                return false;
            }
        }

        return true;
    }
}
