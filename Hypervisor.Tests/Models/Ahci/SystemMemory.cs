using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Hypervisor.Tests.Models.Ahci;

/// <summary>Physical memory as a device reaches it: RAM, in it perhaps a region that is the host's. Accesses are noted in a digest, those of the host's region one by one.</summary>
internal sealed unsafe class SystemMemory(ulong ram, ulong size)
{
    private const ulong Prime = 0x0000_0100_0000_01B3;

    /// <summary>The host's region, which stands at its own address in the test process; empty without a host.</summary>
    internal (ulong Start, ulong End) Host { get; init; }

    /// <summary>What devices accessed in the host's region.</summary>
    internal List<(ulong Address, int Length, bool IsWrite)> HostAccesses { get; } = [];

    /// <summary>Digest of all writes of devices: addresses, lengths, data, in order.</summary>
    internal ulong Digest { get; private set; } = 0xCBF2_9CE4_8422_2325;

    /// <summary>Called before each access of a device with its address: where a guest may change memory under the device.</summary>
    internal Action<ulong>? Accessed { get; set; }

    internal bool Exists(ulong address, int length) => address < size && (ulong)length <= size - address;

    /// <summary>A device reads.</summary>
    /// <returns>False where there is nothing: the bus aborts.</returns>
    internal bool Read(ulong address, Span<byte> destination)
    {
        Accessed?.Invoke(address);
        if (!Exists(address, destination.Length))
        {
            return false;
        }

        for (int i = 0; i < destination.Length;)
        {
            Span<byte> part = Part(address + (ulong)i, destination.Length - i, isWrite: false);
            part.CopyTo(destination[i..]);
            i += part.Length;
        }

        return true;
    }

    /// <summary>A device writes.</summary>
    /// <returns>False where there is nothing: the bus aborts.</returns>
    internal bool Write(ulong address, ReadOnlySpan<byte> source)
    {
        Accessed?.Invoke(address);
        if (!Exists(address, source.Length))
        {
            return false;
        }

        Note(address);
        Note((ulong)source.Length);
        foreach (ulong words in MemoryMarshal.Cast<byte, ulong>(source))
        {
            Note(words);
        }

        foreach (byte value in source[(source.Length & ~7)..])
        {
            Note(value);
        }

        for (int i = 0; i < source.Length;)
        {
            Span<byte> part = Part(address + (ulong)i, source.Length - i, isWrite: true);
            source.Slice(i, part.Length).CopyTo(part);
            i += part.Length;
        }

        return true;
    }

    /// <summary>RAM as processors see it, outside of the host's region.</summary>
    internal Span<byte> Ram(ulong address, int length) =>
        Exists(address, length) ? new Span<byte>((void*)(ram + address), length) : throw new ArgumentOutOfRangeException(nameof(address));

    private void Note(ulong value) => Digest = (Digest ^ value) * Prime;

    /// <summary>A piece that lies wholly in the host's region, or wholly outside of it.</summary>
    private Span<byte> Part(ulong address, int length, bool isWrite)
    {
        bool isHost = address >= Host.Start && address < Host.End;
        ulong border = isHost ? Host.End : address < Host.Start ? Host.Start : ulong.MaxValue;
        int whole = (int)Math.Min((ulong)length, border - address);
        if (isHost)
        {
            HostAccesses.Add((address, whole, isWrite));
        }

        return new Span<byte>((void*)(isHost ? address : ram + address), whole);
    }
}
