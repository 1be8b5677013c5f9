using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Hypervisor.Core.Cryptography;
using Hypervisor.Tool.Stubs;

namespace Hypervisor.Tool.Benchmarks;

/// <summary>
/// What encrypting a disk costs on this processor, against its AES instructions alone: all in turn, many times over, the best of each, because the machine does other things too.
/// </summary>
internal sealed unsafe class CipherBenchmark : IDisposable
{
    private const int SectorSize = 512;
    private const int StagingSize = 4096;
    private const int BlockSize = 16;
    private const int Length = 0x1_0000; // stays in the second cache, as a page that has just been copied does
    private const int Passes = 200;
    private const int Turns = 15;
    private const int Rounds = 14;

    private readonly NativeStub _encrypt = new(XtsStubs.WriteEncrypt);
    private readonly NativeStub _decrypt = new(XtsStubs.WriteDecrypt);
    private readonly byte[] _data = GC.AllocateArray<byte>(Length, pinned: true);
    private readonly byte[] _staging = GC.AllocateArray<byte>(StagingSize, pinned: true);
    private readonly byte[] _pool = GC.AllocateArray<byte>(Length, pinned: true);
    private XtsSchedule _schedule;

    internal CipherBenchmark()
    {
        byte[] key = new byte[AesXts.LongKeySize];
        Random.Shared.NextBytes(key);
        _schedule.Expand(key);
    }

    /// <summary>Whether this processor has AES instructions.</summary>
    internal static bool IsSupported => Aes.IsSupported;

    public void Dispose()
    {
        _encrypt.Dispose();
        _decrypt.Dispose();
    }

    /// <summary>Measures.</summary>
    /// <returns>Each operation with its MiB per second; the first is the AES instructions alone.</returns>
    internal IReadOnlyList<(string Operation, double Speed)> Run()
    {
        (string Name, Action Work)[] operations =
        [
            ("AES-256 rounds alone, four blocks at a time", RunRounds),
            ("AES-XTS-256, decrypted in place, sectors of 512 bytes", () => RunSectors(_decrypt, _data)),
            ("AES-XTS-256, encrypted in place", () => RunSectors(_encrypt, _data)),
            ("AES-XTS-256, gathered, encrypted and copied, as for a write", RunWrite),
        ];
        double[] best = new double[operations.Length];
        for (int turn = 0; turn < Turns; turn++)
        {
            for (int i = 0; i < operations.Length; i++)
            {
                long start = Stopwatch.GetTimestamp();
                for (int pass = 0; pass < Passes; pass++)
                {
                    operations[i].Work();
                }

                best[i] = Math.Max(best[i], (double)Length * Passes / (1 << 20) / Stopwatch.GetElapsedTime(start).TotalSeconds);
            }
        }

        return [.. operations.Zip(best, (operation, speed) => (operation.Name, speed))];
    }

    private void RunRounds()
    {
        fixed (XtsSchedule* schedule = &_schedule)
        {
            Vector128<byte>* keys = (Vector128<byte>*)schedule->EncryptionKeys;
            fixed (byte* data = _data)
            {
                for (int at = 0; at < Length; at += 4 * BlockSize)
                {
                    Vector128<byte>* blocks = (Vector128<byte>*)(data + at);
                    Vector128<byte> a = blocks[0] ^ keys[0];
                    Vector128<byte> b = blocks[1] ^ keys[0];
                    Vector128<byte> c = blocks[2] ^ keys[0];
                    Vector128<byte> d = blocks[3] ^ keys[0];
                    for (int i = 1; i < Rounds; i++)
                    {
                        Vector128<byte> key = keys[i];
                        a = Aes.Encrypt(a, key);
                        b = Aes.Encrypt(b, key);
                        c = Aes.Encrypt(c, key);
                        d = Aes.Encrypt(d, key);
                    }

                    blocks[0] = Aes.EncryptLast(a, keys[Rounds]);
                    blocks[1] = Aes.EncryptLast(b, keys[Rounds]);
                    blocks[2] = Aes.EncryptLast(c, keys[Rounds]);
                    blocks[3] = Aes.EncryptLast(d, keys[Rounds]);
                }
            }
        }
    }

    private void RunSectors(NativeStub stub, Span<byte> data)
    {
        UInt128 number = 0;
        fixed (XtsSchedule* schedule = &_schedule)
        {
            fixed (byte* bytes = data)
            {
                for (int at = 0; at < data.Length; at += SectorSize)
                {
                    number++;
                    stub.Call(schedule, bytes + at, SectorSize / BlockSize, &number);
                }
            }
        }
    }

    private void RunWrite()
    {
        for (int at = 0; at < Length; at += StagingSize)
        {
            _data.AsSpan(at, StagingSize).CopyTo(_staging);
            RunSectors(_encrypt, _staging);
            _staging.CopyTo(_pool.AsSpan(at));
        }
    }
}
