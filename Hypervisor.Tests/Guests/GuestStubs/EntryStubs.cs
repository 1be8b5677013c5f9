using Hypervisor.Guests.Probe.Layout;
using Hypervisor.Tool.Stubs;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hypervisor.Guests.Stubs;

/// <summary>Entries of the probe's interrupt descriptor table; all end in the one handler written in C#.</summary>
internal static class EntryStubs
{
    private const int HomeSpace = 32;
    private const int StackAlignment = 16;
    private const int VectorAndErrorCode = 16;
    private const int LongJumpSize = 5;

    private static readonly AssemblerRegister64[] s_pushed = [rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15];

    internal static void Write(StubWriter writer)
    {
        // byte* Entries(): where the entry of vector 0 stands.
        writer.Add("probe_Entries", a =>
        {
            Label table = a.CreateLabel();
            Label common = a.CreateLabel();
            a.lea(rax, __[table]);
            a.ret();
            for (int filler = 8; filler < ProbeVectors.EntryStride; filler++)
            {
                a.int3();
            }

            a.Label(ref table);
            for (int vector = 0; vector < ProbeVectors.Count; vector++)
            {
                WriteEntry(a, vector, common);
            }

            a.Label(ref common);
            WriteCommon(writer, a);
        });
    }

    /// <summary>Exceptions that push an error code (AMD APM vol 2 §8.2, Intel SDM vol 3 table 6-1).</summary>
    private static bool PushesErrorCode(int vector) => vector is 8 or 10 or 11 or 12 or 13 or 14 or 17 or 21 or 29 or 30;

    private static void WriteEntry(Assembler a, int vector, Label body)
    {
        int size = LongJumpSize;
        if (!PushesErrorCode(vector))
        {
            a.db(0x6A, 0x00); // push 0 in the place of the error code
            size += 2;
        }

        a.db(0x68, (byte)vector, 0, 0, 0); // push imm32
        size += 5;
        a.jmp(body);
        for (; size < ProbeVectors.EntryStride; size++)
        {
            a.int3();
        }
    }

    private static void WriteCommon(StubWriter writer, Assembler a)
    {
        foreach (AssemblerRegister64 register in s_pushed)
        {
            a.push(register);
        }

        a.mov(rcx, rsp);
        a.mov(rbp, rsp);
        a.and(rsp, -StackAlignment);
        a.sub(rsp, HomeSpace);
        a.cld();
        writer.Call(a, "ProbeEvent");
        a.mov(rsp, rbp);
        for (int i = s_pushed.Length - 1; i >= 0; i--)
        {
            a.pop(s_pushed[i]);
        }

        a.add(rsp, VectorAndErrorCode);
        a.iretq();
    }
}
