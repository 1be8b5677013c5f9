using System;

namespace Hypervisor.Devices.Ahci;

/// <summary>Encrypts and decrypts those sectors of a command that the rules say.</summary>
public sealed class SectorCipher
{
    private readonly AhciPolicy _policy;
    private readonly AhciCounters _counters;

    /// <summary>What encrypts by rules.</summary>
    /// <param name="policy">With the rules and their keys.</param>
    /// <param name="counters">Where sectors are counted.</param>
    internal SectorCipher(AhciPolicy policy, AhciCounters counters)
    {
        _policy = policy;
        _counters = counters;
    }

    /// <summary>Sectors that are side by side in memory.</summary>
    /// <param name="rules">The rules for the disk.</param>
    /// <param name="data">Whole sectors.</param>
    /// <param name="lba">Number of the first one.</param>
    /// <param name="sectorSize">Bytes of a sector.</param>
    /// <param name="encrypts">The direction.</param>
    public void Transform(uint rules, Span<byte> data, ulong lba, int sectorSize, bool encrypts)
    {
        int left = data.Length / sectorSize;
        while (left > 0)
        {
            SectorDecision decision = _policy.Rules.Decide(rules, lba);
            int count = (int)Math.Min((ulong)left - 1, decision.Last - lba) + 1;
            if (decision.Action == RuleAction.Encrypt)
            {
                _counters.Encrypted += (uint)count;
                Span<byte> run = data.Slice(0, count * sectorSize);
                if (encrypts)
                {
                    _policy.Keys.Cipher(decision.Key).Encrypt(run, lba, sectorSize);
                }
                else
                {
                    _policy.Keys.Cipher(decision.Key).Decrypt(run, lba, sectorSize);
                }
            }

            data = data.Slice(count * sectorSize);
            lba += (uint)count;
            left -= count;
        }
    }

    /// <summary>Decrypts what a command has read, where it lies; a sector may be in several buffers.</summary>
    /// <param name="rules">The rules for the disk.</param>
    /// <param name="buffers">The data.</param>
    /// <param name="lba">The first sector.</param>
    /// <param name="count">Number of sectors.</param>
    /// <param name="sector">Memory for one sector, as long as it is.</param>
    public void Decrypt(uint rules, GuestBuffers buffers, ulong lba, int count, Span<byte> sector)
    {
        int size = sector.Length;
        BufferCursor cursor = default;
        while (count > 0)
        {
            Span<byte> rest = buffers.Rest(ref cursor);
            int whole = Math.Min(rest.Length / size, count);
            if (whole > 0)
            {
                Transform(rules, rest.Slice(0, whole * size), lba, size, encrypts: false);
                cursor.Offset += whole * size;
                lba += (uint)whole;
                count -= whole;
                continue;
            }

            BufferCursor start = cursor;
            if (buffers.Gather(ref cursor, sector) < size)
            {
                return;
            }

            Transform(rules, sector, lba, size, encrypts: false);
            buffers.Scatter(ref start, sector);
            lba++;
            count--;
        }
    }
}
