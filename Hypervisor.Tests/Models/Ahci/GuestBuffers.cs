using System;
using System.Collections.Generic;
using System.Linq;

namespace Hypervisor.Tests.Models.Ahci;

/// <summary>Buffers of all shapes, in a stretch of the guest's memory. Addresses and lengths are even (AHCI 1.3.1 §4.2.3.3).</summary>
internal sealed class GuestBuffers(Random random, ulong start, ulong size)
{
    private ulong _next = ulong.MaxValue;

    /// <summary>Makes room anew: what was given before is not in use any more.</summary>
    internal void Clear() => _next = ulong.MaxValue;

    /// <summary>Buffers of so many bytes, in pieces, in any order; perhaps with more room than is wanted.</summary>
    internal (ulong Address, int Length)[] Take(int length)
    {
        List<(ulong, int)> pieces = [];
        _next = _next == ulong.MaxValue ? start : _next;
        int most = random.Next(4) switch
        {
            0 => length,
            1 => 4096,
            2 => 600,
            _ => 60_000,
        };
        most = Math.Max(most, (length / 200) + 2);
        for (int left = length + (random.Next(8) == 0 ? 1024 : 0); left > 0;)
        {
            int piece = Math.Min(left, (random.Next(3) == 0 ? most : random.Next(1, most + 1)) + 1 & ~1);
            piece = Math.Max(piece, 2);
            _next += (ulong)(random.Next(3) == 0 ? 0 : random.Next(0, 2000) & ~1);
            if (_next + (ulong)piece > start + size)
            {
                throw new InvalidOperationException("more buffers than there is room for");
            }

            pieces.Add((_next, piece));
            _next += (ulong)piece;
            left -= piece;
        }

        return random.Next(2) == 0 ? [.. pieces] : [.. pieces.OrderBy(_ => random.Next())];
    }
}
