using System;
using System.Runtime.InteropServices;

namespace Hypervisor.Devices.Ahci;

/// <summary>What the controller and the host both look at, as dwords and quadwords.</summary>
internal static class Words
{
    internal static Span<uint> Dwords(Span<byte> memory) => MemoryMarshal.Cast<byte, uint>(memory);

    internal static Span<ulong> Quads(Span<byte> memory) => MemoryMarshal.Cast<byte, ulong>(memory);
}
