using System;
using System.Buffers.Binary;

namespace Hypervisor.Tests.Models.Ahci;

/// <summary>An entry of a physical region descriptor table (AHCI 1.3.1 §4.2.3.3).</summary>
internal readonly struct RegionDescriptor
{
    internal const int Size = 16;

    /// <summary>Where they begin in a command table.</summary>
    internal const int TableOffset = 0x80;

    internal const int MaximumLength = 1 << 22;

    private const uint InterruptBit = 1u << 31;

    private readonly uint _count;

    internal RegionDescriptor(ReadOnlySpan<byte> bytes)
    {
        Address = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        _count = BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]);
    }

    internal RegionDescriptor(ulong address, int length, bool interrupts = false)
    {
        Address = address;
        _count = (uint)(length - 1) | (interrupts ? InterruptBit : 0);
    }

    internal ulong Address { get; }

    internal int Length => (int)(_count & (MaximumLength - 1)) + 1;

    internal bool Interrupts => (_count & InterruptBit) != 0;

    internal void WriteTo(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Address);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[8..], 0);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[12..], _count);
    }
}
