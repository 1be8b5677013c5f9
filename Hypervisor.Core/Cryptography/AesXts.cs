using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Cryptography;

/// <summary>
/// AES in mode XTS (IEEE 1619 §5), a data unit for each sector, its number the tweak: what dm-crypt calls <c>aes-xts-plain64</c>. By the processor's AES instructions
/// (Intel SDM vol 1 §12.13), four blocks at a time.
/// </summary>
public sealed unsafe class AesXts
{
    /// <summary>Bytes of a key of XTS-AES-128: two keys of AES.</summary>
    public const int ShortKeySize = 32;

    /// <summary>Bytes of a key of XTS-AES-256.</summary>
    public const int LongKeySize = 64;

    private const uint FeatureLeaf = 1;
    private const int AesBit = 25; // of ECX (Intel SDM vol 2, CPUID)
    private const int GroupSize = 4 * AesKeys.BlockSize;

    private XtsSchedule _schedule;

    /// <summary>Whether the processor has the instructions.</summary>
    public static bool IsSupported
    {
        get
        {
            CpuidResult result;
            Instructions.Cpuid(FeatureLeaf, 0, &result);
            return (result.Ecx >> AesBit & 1) != 0;
        }
    }

    /// <summary>Whether there is a key.</summary>
    public bool HasKey => _schedule.Rounds != 0;

    /// <summary>Takes a key.</summary>
    /// <param name="key">The key for data, then the one for tweaks, which must be another (FIPS 140-3 IG C.I).</param>
    /// <returns>False where it is no such key, or the processor lacks the instructions.</returns>
    public bool SetKey(ReadOnlySpan<byte> key)
    {
        Forget();
        int half = key.Length / 2;
        if (key.Length is not (ShortKeySize or LongKeySize) || !IsSupported || SecretBytes.AreEqual(key.Slice(0, half), key.Slice(half)))
        {
            return false;
        }

        _schedule.Expand(key);
        return true;
    }

    /// <summary>Overwrites the key.</summary>
    public void Forget()
    {
        fixed (XtsSchedule* schedule = &_schedule)
        {
            SecretBytes.Wipe(new Span<byte>(schedule, sizeof(XtsSchedule)));
        }
    }

    /// <summary>Encrypts sectors in place.</summary>
    /// <param name="data">Whole sectors.</param>
    /// <param name="firstSector">Number of the first one.</param>
    /// <param name="sectorSize">Bytes of a sector, a multiple of 64. Anything else, and the lack of a key, is a failed check.</param>
    public void Encrypt(Span<byte> data, ulong firstSector, int sectorSize) => Transform(data, firstSector, sectorSize, encrypts: true);

    /// <summary>Decrypts sectors in place.</summary>
    /// <param name="data">Whole sectors.</param>
    /// <param name="firstSector">Number of the first one.</param>
    /// <param name="sectorSize">Bytes of a sector, a multiple of 64. Anything else, and the lack of a key, is a failed check.</param>
    public void Decrypt(Span<byte> data, ulong firstSector, int sectorSize) => Transform(data, firstSector, sectorSize, encrypts: false);

    private void Transform(Span<byte> data, ulong firstSector, int sectorSize, bool encrypts)
    {
        Check(data.Length, sectorSize);
        ulong* tweak = stackalloc ulong[2];
        ulong blocks = (ulong)sectorSize / AesKeys.BlockSize;
        fixed (XtsSchedule* schedule = &_schedule)
        {
            fixed (byte* bytes = data)
            {
                for (int at = 0; at < data.Length; at += sectorSize)
                {
                    tweak[0] = firstSector++;
                    tweak[1] = 0;
                    if (encrypts)
                    {
                        Instructions.XtsEncrypt(schedule, bytes + at, blocks, (byte*)tweak);
                    }
                    else
                    {
                        Instructions.XtsDecrypt(schedule, bytes + at, blocks, (byte*)tweak);
                    }
                }
            }
        }
    }

    private void Check(int length, int sectorSize)
    {
        if (!HasKey || sectorSize <= 0 || sectorSize % GroupSize != 0 || length % sectorSize != 0)
        {
            FailFast.Stop("AES-XTS without a key or of less than a sector"u8);
        }
    }
}
