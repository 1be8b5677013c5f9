using System;

namespace Hypervisor.Tests.Models.Ahci;

/// <summary>Sectors of a disk that are encrypted on the medium.</summary>
internal sealed class EncryptedRange(AtaDisk disk, byte[] key, ulong first = 0, ulong last = ulong.MaxValue) : IDisposable
{
    private readonly XtsModel _cipher = new(key);

    public void Dispose() => _cipher.Dispose();

    /// <summary>What the guest sees of what is on the medium.</summary>
    internal byte[] Decode(ulong lba, byte[] raw) => Transform(lba, raw, _cipher.Decrypt);

    /// <summary>What is on the medium where the guest sees this.</summary>
    internal byte[] Encode(ulong lba, byte[] seen) => Transform(lba, seen, _cipher.Encrypt);

    private byte[] Transform(ulong lba, byte[] from, Func<ReadOnlySpan<byte>, ulong, int, byte[]> cipher)
    {
        byte[] to = [.. from];
        int size = disk.SectorSize;
        for (int i = 0; i < from.Length / size; i++)
        {
            ulong sector = lba + (ulong)i;
            if (sector >= first && sector <= last)
            {
                cipher(from.AsSpan(i * size, size), sector, size).CopyTo(to, i * size);
            }
        }

        return to;
    }
}
