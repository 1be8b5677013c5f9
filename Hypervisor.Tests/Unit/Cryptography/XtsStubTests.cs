using System;
using System.IO;
using System.Runtime.InteropServices;
using Hypervisor.Core.Cryptography;
using Hypervisor.Tests.Models;
using Hypervisor.Tool.Stubs;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Hypervisor.Tests.Unit.Cryptography;

/// <summary>The image's own code for AES-XTS, executed by this processor and held against the platform's cipher.</summary>
public sealed unsafe class XtsStubTests : IDisposable
{
    private const int VectorSize = 16;
    private const int CodeSize = 0x4000;
    private const int StubOffset = 0x1000;

    private readonly NativeRegion _code = new(0, CodeSize, isExecutable: true);

    /// <summary>What the thunk takes: the arguments, then vector registers before and after.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Call
    {
        internal XtsSchedule* Schedule;
        internal byte* Data;
        internal ulong Blocks;
        internal byte* Tweak;
        internal fixed byte Before[10 * VectorSize];
        internal fixed byte After[10 * VectorSize];
    }

    public void Dispose() => _code.Dispose();

    [AesFact]
    public void Random_units_are_what_the_platforms_cipher_makes_of_them()
    {
        Random random = new(1619);
        for (int round = 0; round < 300; round++)
        {
            byte[] key = new byte[round % 2 == 0 ? AesXts.ShortKeySize : AesXts.LongKeySize];
            byte[] data = new byte[64 * random.Next(1, 65)];
            ulong unit = (ulong)random.NextInt64();
            random.NextBytes(key);
            random.NextBytes(data);
            byte[] expected = [.. data];
            byte[] actual = [.. data];
            XtsSchedule schedule = default;
            schedule.Expand(key);
            UInt128 number = unit;
            ulong* tweak = (ulong*)&number;
            fixed (byte* bytes = expected)
            {
                SimulatedAes.Encrypt(&schedule, bytes, (ulong)data.Length / VectorSize, (byte*)tweak);
            }

            Run(XtsStubs.WriteEncrypt, &schedule, actual, tweak);
            Assert.Equal(expected, actual);
            Run(XtsStubs.WriteDecrypt, &schedule, actual, tweak);
            Assert.Equal(data, actual);
        }
    }

    private void Run(Action<Assembler> stub, XtsSchedule* schedule, byte[] data, ulong* tweak)
    {
        Place(0, WriteThunk);
        Place(StubOffset, stub);
        fixed (byte* bytes = data)
        {
            Call call = new() { Schedule = schedule, Data = bytes, Blocks = (ulong)data.Length / VectorSize, Tweak = (byte*)tweak };
            Random.Shared.NextBytes(new Span<byte>(call.Before, 10 * VectorSize));
            ((delegate* unmanaged[Cdecl]<Call*, void>)_code.Base)(&call);
            Assert.True(new Span<byte>(call.Before, 10 * VectorSize).SequenceEqual(new Span<byte>(call.After, 10 * VectorSize)), "XMM6 to XMM15 are the guest's");
        }
    }

    private void Place(int offset, Action<Assembler> write)
    {
        Assembler a = new(64);
        write(a);
        using MemoryStream stream = new();
        _ = a.Assemble(new StreamCodeWriter(stream), _code.Base + (ulong)offset);
        stream.ToArray().CopyTo(new Span<byte>((byte*)_code.Base + offset, CodeSize - offset));
    }

    /// <summary>From the calling convention of Linux, in which all vector registers are the callee's, to the image's.</summary>
    private void WriteThunk(Assembler a)
    {
        const int before = 4 * sizeof(ulong);
        const int after = before + (10 * VectorSize);
        AssemblerRegisterXMM[] kept = [xmm6, xmm7, xmm8, xmm9, xmm10, xmm11, xmm12, xmm13, xmm14, xmm15];
        a.push(rbx);
        a.mov(rbx, rdi);
        for (int i = 0; i < kept.Length; i++)
        {
            a.movups(kept[i], __xmmword_ptr[rbx + before + (i * VectorSize)]);
        }

        a.mov(rcx, __qword_ptr[rbx]);
        a.mov(rdx, __qword_ptr[rbx + sizeof(ulong)]);
        a.mov(r8, __qword_ptr[rbx + (2 * sizeof(ulong))]);
        a.mov(r9, __qword_ptr[rbx + (3 * sizeof(ulong))]);
        a.sub(rsp, 0x20);
        a.call(_code.Base + StubOffset);
        a.add(rsp, 0x20);
        for (int i = 0; i < kept.Length; i++)
        {
            a.movups(__xmmword_ptr[rbx + after + (i * VectorSize)], kept[i]);
        }

        a.pop(rbx);
        a.ret();
    }
}
