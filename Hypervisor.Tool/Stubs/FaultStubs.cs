using Hypervisor.Core.Host;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hypervisor.Tool.Stubs;

/// <summary>Entries of the host's interrupt descriptor table.</summary>
internal static class FaultStubs
{
    private const int VectorCount = 256;
    private const int NmiVector = 2;
    private const int FirstInterrupt = 32;
    private const int InterruptReturnSize = 2;

    /// <summary>Bytes from one entry to the next.</summary>
    private const int EntryStride = 16;

    private const int LongJumpSize = 5;

    /// <summary>Offset of the interrupted RIP behind two saved registers.</summary>
    private const int InterruptedRip = 2 * sizeof(ulong);

    private static readonly AssemblerRegister64[] s_pushed = [rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15];

    /// <summary>Exceptions that push an error code (AMD APM vol 2 §8.2, Intel SDM vol 3 table 6-1).</summary>
    private static bool PushesErrorCode(int vector) => vector is 8 or 10 or 11 or 12 or 13 or 14 or 17 or 21 or 29 or 30;

    internal static void Write(StubWriter writer)
    {
        // The constant that compiled frames with buffers check on return. Eight NOPs: the section holds nothing but code.
        writer.Add("__security_cookie", a =>
        {
            for (int i = 0; i < sizeof(ulong); i++)
            {
                a.nop();
            }
        });

        // byte* ExceptionEntries(): where the entry of vector 0 stands.
        writer.Add("hv_ExceptionEntries", a =>
        {
            Label table = a.CreateLabel();
            Label common = a.CreateLabel();
            Label nmi = a.CreateLabel();
            a.lea(rax, __[table]);
            a.ret();
            for (int filler = 8; filler < EntryStride; filler++)
            {
                a.int3();
            }

            a.Label(ref table);
            for (int vector = 0; vector < VectorCount; vector++)
            {
                WriteEntry(a, vector, vector == NmiVector ? nmi : common);
            }

            a.Label(ref common);
            WriteCommon(writer, a, ref nmi);
        });
    }

    /// <summary>Every entry is exactly one stride long: forms are chosen for their size.</summary>
    private static void WriteEntry(Assembler a, int vector, Label body)
    {
        if (vector == NmiVector)
        {
            // An NMI in the host is counted and handed to the guest by the exit loop (AMD APM vol 2 §15.21.2). The counter is found from the stack.
            a.jmp(body);
            Fill(a, LongJumpSize);
            return;
        }

        if (vector >= FirstInterrupt)
        {
            a.iretq(); // the local APIC is told by whoever opened the window
            Fill(a, InterruptReturnSize);
            return;
        }

        int size = 0;
        if (!PushesErrorCode(vector))
        {
            a.db(0x6A, 0x00); // push 0 in the place of the error code
            size += 2;
        }

        a.db(0x68, (byte)vector, 0, 0, 0); // push imm32
        size += 5;
        a.jmp(body);
        Fill(a, size + LongJumpSize);
    }

    private static void Fill(Assembler a, int used)
    {
        for (; used < EntryStride; used++)
        {
            a.int3();
        }
    }

    private static void WriteCommon(StubWriter writer, Assembler a, ref Label nmi)
    {
        foreach (AssemblerRegister64 register in s_pushed)
        {
            a.push(register);
        }

        a.mov(rcx, rsp);
        a.cld();
        a.sub(rsp, ProcessorBlock.HomeSpace);
        writer.Call(a, "HostFaultEntry");
        a.add(rsp, ProcessorBlock.HomeSpace);
        for (int i = s_pushed.Length - 1; i >= 0; i--)
        {
            a.pop(s_pushed[i]);
        }

        a.add(rsp, 16); // vector and error code
        a.iretq();

        a.Label(ref nmi);
        a.push(rax);
        a.push(rcx);
        a.mov(rax, rsp);
        a.and(rax, -ProcessorBlock.Size);
        a.inc(__dword_ptr[rax + ProcessorBlock.Data + ProcessorDataLayout.NmiCount]);
        a.mov(rcx, __qword_ptr[rsp + InterruptedRip]);
        Restart(writer, a, VmxStubs.EntryBegin, VmxStubs.EntryEnd);
        Restart(writer, a, VmxStubs.ShortEntryBegin, VmxStubs.ShortEntryEnd);
        a.pop(rcx);
        a.pop(rax);
        a.iretq();
    }

    /// <summary>An entry to the guest that has looked for NMIs already looks again .</summary>
    private static void Restart(StubWriter writer, Assembler a, string begin, string end)
    {
        Label outside = a.CreateLabel();
        writer.LoadAddress(a, end);
        a.cmp(rcx, rax);
        a.jae(outside);
        writer.LoadAddress(a, begin);
        a.cmp(rcx, rax);
        a.jb(outside);
        a.mov(__qword_ptr[rsp + InterruptedRip], rax);
        a.Label(ref outside);
        a.nop();
    }
}
