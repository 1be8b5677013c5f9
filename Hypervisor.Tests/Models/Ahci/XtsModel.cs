using System;
using System.Security.Cryptography;

namespace Hypervisor.Tests.Models.Ahci;

/// <summary>AES-XTS (IEEE 1619-2007 §5) by the book, block by block, on the platform's AES: what a medium shall hold.</summary>
internal sealed class XtsModel : IDisposable
{
    private const int BlockSize = 16;

    private readonly Aes _data = Aes.Create();
    private readonly Aes _tweak = Aes.Create();

    internal XtsModel(byte[] key)
    {
        _data.Key = key[..(key.Length / 2)];
        _tweak.Key = key[(key.Length / 2)..];
    }

    public void Dispose()
    {
        _data.Dispose();
        _tweak.Dispose();
    }

    internal byte[] Encrypt(ReadOnlySpan<byte> data, ulong firstSector, int sectorSize) => Transform(data, firstSector, sectorSize, block => _data.EncryptEcb(block, PaddingMode.None));

    internal byte[] Decrypt(ReadOnlySpan<byte> data, ulong firstSector, int sectorSize) => Transform(data, firstSector, sectorSize, block => _data.DecryptEcb(block, PaddingMode.None));

    private byte[] Transform(ReadOnlySpan<byte> data, ulong firstSector, int sectorSize, Func<byte[], byte[]> cipher)
    {
        byte[] result = new byte[data.Length];
        byte[] tweaks = new byte[data.Length];
        for (int sector = 0; sector * sectorSize < data.Length; sector++)
        {
            byte[] number = new byte[BlockSize];
            BitConverter.TryWriteBytes(number, firstSector + (ulong)sector);
            byte[] tweak = _tweak.EncryptEcb(number, PaddingMode.None);
            for (int at = 0; at < sectorSize; at += BlockSize)
            {
                tweak.CopyTo(tweaks, (sector * sectorSize) + at);
                tweak = Double(tweak);
            }
        }

        for (int i = 0; i < data.Length; i++)
        {
            result[i] = (byte)(data[i] ^ tweaks[i]);
        }

        result = result.Length == 0 ? result : cipher(result);
        for (int i = 0; i < data.Length; i++)
        {
            result[i] ^= tweaks[i];
        }

        return result;
    }

    /// <summary>Times alpha in GF(2^128): §5.2.</summary>
    private static byte[] Double(byte[] value)
    {
        byte[] result = new byte[BlockSize];
        int carry = 0;
        for (int i = 0; i < BlockSize; i++)
        {
            result[i] = (byte)((value[i] << 1) | carry);
            carry = value[i] >> 7;
        }

        result[0] ^= (byte)(carry != 0 ? 0x87 : 0);
        return result;
    }
}
