using System;

namespace Hypervisor.Devices.Acpi;

/// <summary>Physical memory as tables are looked for in it.</summary>
public interface ITableMemory
{
    /// <summary>Memory at a physical address.</summary>
    /// <param name="address">Physical address, any.</param>
    /// <param name="length">Bytes.</param>
    /// <returns>Exactly so many bytes; an empty window where not all of them are memory.</returns>
    Span<byte> Map(ulong address, int length);
}
