using System;

namespace Hypervisor.Core.Records;

/// <summary>One of the <see cref="BootRecords"/>.</summary>
public readonly ref struct BootRecord(ulong guidLow, ulong guidHigh, ReadOnlySpan<byte> data)
{
    /// <summary>First half of the GUID: Data1 in bits 31:0, Data2 in 47:32, Data3 in 63:48.</summary>
    public ulong GuidLow => guidLow;

    /// <summary>Second half of the GUID: Data4, first byte lowest.</summary>
    public ulong GuidHigh => guidHigh;

    /// <summary>The data.</summary>
    public ReadOnlySpan<byte> Data { get; } = data;
}
