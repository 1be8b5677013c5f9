using System;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Ahci;

/// <summary>The data of a command, wherever its table of buffers has them in the guest's memory. What is not the guest's ends them.</summary>
public readonly ref struct GuestBuffers
{
    private readonly MediatorHost _host;
    private readonly ReadOnlySpan<ulong> _prdt;
    private readonly int _count;
    private readonly bool _has64Bits;

    /// <summary>The data of a command.</summary>
    /// <param name="host">The host of the mediator.</param>
    /// <param name="prdt">The table, as quadwords.</param>
    /// <param name="count">Entries.</param>
    /// <param name="has64Bits">Whether the controller has addresses of 64 bits.</param>
    public GuestBuffers(MediatorHost host, ReadOnlySpan<ulong> prdt, int count, bool has64Bits)
    {
        _host = host;
        _prdt = prdt;
        _count = count;
        _has64Bits = has64Bits;
    }

    /// <summary>The rest of the buffer a cursor is in; empty at the end.</summary>
    public Span<byte> Rest(ref BufferCursor cursor)
    {
        while (cursor.Index < _count)
        {
            AhciPrd prd = CommandCheck.Prd(_prdt, cursor.Index, _has64Bits);
            if (cursor.Offset < prd.Length)
            {
                Span<byte> memory = _host.Memory(prd.Address, prd.Length);
                return memory.IsEmpty ? default : memory.Slice(cursor.Offset);
            }

            cursor.Index++;
            cursor.Offset = 0;
        }

        return default;
    }

    /// <summary>Copies data out of the guest's memory.</summary>
    /// <returns>Bytes there were.</returns>
    public int Gather(ref BufferCursor cursor, Span<byte> destination)
    {
        int done = 0;
        while (done < destination.Length)
        {
            Span<byte> rest = Rest(ref cursor);
            int length = Math.Min(rest.Length, destination.Length - done);
            if (length == 0)
            {
                break;
            }

            rest.Slice(0, length).CopyTo(destination.Slice(done));
            cursor.Offset += length;
            done += length;
        }

        return done;
    }

    /// <summary>Copies data into the guest's memory.</summary>
    public void Scatter(ref BufferCursor cursor, ReadOnlySpan<byte> source)
    {
        while (!source.IsEmpty)
        {
            Span<byte> rest = Rest(ref cursor);
            int length = Math.Min(rest.Length, source.Length);
            if (length == 0)
            {
                return;
            }

            source.Slice(0, length).CopyTo(rest);
            cursor.Offset += length;
            source = source.Slice(length);
        }
    }
}
