using System;
using Hypervisor.Core.Cryptography;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hypervisor.Tool.Stubs;

/// <summary>
/// AES-XTS by the processor's AES instructions (IEEE 1619 §5.3, §5.4; Intel SDM vol 2, AESENC), four blocks at a time: one alone would wait for each round's end. In the
/// encoding without VEX, which leaves the upper halves of the registers to the guest.
/// </summary>
public static class XtsStubs
{
    private const int BlockSize = 16;
    private const int Group = 4;
    private const int CommonRounds = 10;
    private const int MostRounds = 14;
    private const int Saved = 6; // XMM6 to XMM11
    private const int Frame = (Saved * BlockSize) + 8; // and alignment
    private const byte Feedback = 0x87; // x^7 + x^2 + x + 1 (IEEE 1619 §5.2)
    private const byte CarrySources = 0x13; // dwords 3, 0, 1, 0: the ones whose top bits are carried, where they are carried to
    private const byte SignShift = 31;

    private static readonly AssemblerRegisterXMM[] _data = [xmm0, xmm1, xmm2, xmm3];
    private static readonly AssemblerRegisterXMM[] _tweaks = [xmm6, xmm7, xmm8, xmm9];

    private static AssemblerRegisterXMM Key => xmm4;

    private static AssemblerRegisterXMM Carry => xmm5;

    private static AssemblerRegisterXMM Next => xmm10;

    private static AssemblerRegisterXMM Polynomial => xmm11;

    internal static void Write(StubWriter writer)
    {
        writer.Add("hv_XtsEncrypt", WriteEncrypt);
        writer.Add("hv_XtsDecrypt", WriteDecrypt);
    }

    /// <summary>void XtsEncrypt(schedule, data, blocks, tweak).</summary>
    public static void WriteEncrypt(Assembler a) => WriteUnit(a, XtsSchedule.Encryption, (d, k) => a.aesenc(d, k), (d, k) => a.aesenclast(d, k));

    /// <summary>void XtsDecrypt(schedule, data, blocks, tweak).</summary>
    public static void WriteDecrypt(Assembler a) => WriteUnit(a, XtsSchedule.Decryption, (d, k) => a.aesdec(d, k), (d, k) => a.aesdeclast(d, k));

    private static void WriteUnit(
        Assembler a, int keys, Action<AssemblerRegisterXMM, AssemblerRegisterXMM> round, Action<AssemblerRegisterXMM, AssemblerRegisterXMM> last)
    {
        a.sub(rsp, Frame);
        for (int i = 0; i < Saved; i++)
        {
            a.movaps(__xmmword_ptr[rsp + (i * BlockSize)], RegisterSets.KeptXmm[i]);
        }

        a.mov(r10d, __dword_ptr[rcx]);
        a.mov(r11d, r10d);
        a.shl(r11d, 4); // where the last round key is
        a.mov(eax, Feedback);
        a.movd(Polynomial, eax);
        a.mov(eax, 1);
        a.movd(Carry, eax);
        a.punpcklqdq(Polynomial, Carry);

        a.movups(Next, __xmmword_ptr[r9]);
        WriteCipher(a, XtsSchedule.Tweak, [Next], (d, k) => a.aesenc(d, k), (d, k) => a.aesenclast(d, k));
        Label group = a.CreateLabel();
        a.Label(ref group);
        WriteGroup(a, keys, round, last);
        a.add(rdx, Group * BlockSize);
        a.sub(r8, Group);
        a.jne(group);

        for (int i = 0; i < Saved; i++)
        {
            a.movaps(RegisterSets.KeptXmm[i], __xmmword_ptr[rsp + (i * BlockSize)]);
        }

        a.add(rsp, Frame);
        a.ret();
    }

    private static void WriteGroup(
        Assembler a, int keys, Action<AssemblerRegisterXMM, AssemblerRegisterXMM> round, Action<AssemblerRegisterXMM, AssemblerRegisterXMM> last)
    {
        for (int i = 0; i < Group; i++)
        {
            a.movups(_data[i], __xmmword_ptr[rdx + (i * BlockSize)]);
            a.movaps(_tweaks[i], Next);
            a.pxor(_data[i], Next);

            // Times x: both halves shifted, and what they lose carried over (IEEE 1619 §5.2).
            a.pshufd(Carry, Next, CarrySources);
            a.psrad(Carry, SignShift);
            a.pand(Carry, Polynomial);
            a.paddq(Next, Next);
            a.pxor(Next, Carry);
        }

        WriteCipher(a, keys, _data, round, last);
        for (int i = 0; i < Group; i++)
        {
            a.pxor(_data[i], _tweaks[i]);
            a.movups(__xmmword_ptr[rdx + (i * BlockSize)], _data[i]);
        }
    }

    /// <summary>The cipher on some blocks; the rounds that only the longer key has are jumped over.</summary>
    private static void WriteCipher(
        Assembler a,
        int keys,
        AssemblerRegisterXMM[] blocks,
        Action<AssemblerRegisterXMM, AssemblerRegisterXMM> round,
        Action<AssemblerRegisterXMM, AssemblerRegisterXMM> last)
    {
        Label end = a.CreateLabel();
        a.movups(Key, __xmmword_ptr[rcx + keys]);
        Array.ForEach(blocks, block => a.pxor(block, Key));
        for (int i = 1; i < MostRounds; i++)
        {
            if (i == CommonRounds)
            {
                a.cmp(r10d, CommonRounds);
                a.je(end);
            }

            a.movups(Key, __xmmword_ptr[rcx + keys + (i * BlockSize)]);
            Array.ForEach(blocks, block => round(block, Key));
        }

        a.Label(ref end);
        a.movups(Key, __xmmword_ptr[rcx + r11 + keys]);
        Array.ForEach(blocks, block => last(block, Key));
    }
}
