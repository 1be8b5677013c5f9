using System;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hypervisor.Tool.Stubs;

/// <summary>
/// One stub for each method of <c>Hypervisor.Core.Cpu.Instructions</c>. Arguments arrive in RCX, RDX, R8, R9 (Microsoft x64); all are leaf
/// functions.
/// </summary>
public static class InstructionStubs
{
    private const string Prefix = "hv_";

    /// <summary>Adds the stubs.</summary>
    public static void Write(StubWriter writer)
    {
        WriteRegisters(writer);
        WritePorts(writer);
        WriteMemory(writer);
        WriteVectors(writer);
        WriteFaultable(writer);
    }

    private static void WriteRegisters(StubWriter w)
    {
        w.Add(Prefix + "Cpuid", a =>
        {
            a.mov(r9, rbx); // EBX belongs to the caller
            a.mov(eax, ecx);
            a.mov(ecx, edx);
            a.cpuid();
            a.mov(__dword_ptr[r8], eax);
            a.mov(__dword_ptr[r8 + 4], ebx);
            a.mov(__dword_ptr[r8 + 8], ecx);
            a.mov(__dword_ptr[r8 + 12], edx);
            a.mov(rbx, r9);
            a.ret();
        });
        w.Add(Prefix + "CpuidForGuest", a =>
        {
            a.mov(r8, rcx);
            a.mov(r9, rbx);
            a.mov(eax, __dword_ptr[r8 + GuestRegisterOffset(0)]);
            a.mov(ecx, __dword_ptr[r8 + GuestRegisterOffset(1)]);
            a.mov(r10d, ecx);
            a.cpuid();
            a.mov(__qword_ptr[r8 + GuestRegisterOffset(0)], rax);
            a.mov(__qword_ptr[r8 + GuestRegisterOffset(1)], rcx);
            a.mov(__qword_ptr[r8 + GuestRegisterOffset(2)], rdx);
            a.mov(__qword_ptr[r8 + GuestRegisterOffset(3)], rbx);
            a.mov(eax, r10d);
            a.mov(rbx, r9);
            a.ret();
        });
        w.Add(Prefix + "ReadMsr", a =>
        {
            a.rdmsr();
            a.shl(rdx, 32);
            a.mov(eax, eax);
            a.or(rax, rdx);
            a.ret();
        });
        w.Add(Prefix + "WriteMsr", a =>
        {
            a.mov(eax, edx);
            a.shr(rdx, 32);
            a.wrmsr();
            a.ret();
        });
        ReadRegister(w, "ReadCr0", cr0);
        ReadRegister(w, "ReadCr2", cr2);
        ReadRegister(w, "ReadCr3", cr3);
        ReadRegister(w, "ReadCr4", cr4);
        ReadRegister(w, "ReadCr8", cr8);
        w.Add(Prefix + "ReadDr6", a => { a.mov(rax, dr6); a.ret(); });
        w.Add(Prefix + "ReadDr7", a => { a.mov(rax, dr7); a.ret(); });
        w.Add(Prefix + "WriteCr3", a => { a.mov(cr3, rcx); a.ret(); });
        w.Add(Prefix + "WriteCr2", a => { a.mov(cr2, rcx); a.ret(); });
        w.Add(Prefix + "WriteDr6", a => { a.mov(dr6, rcx); a.ret(); });
        w.Add(Prefix + "WriteCr4", a => { a.mov(cr4, rcx); a.ret(); });
        w.Add(Prefix + "ClearDebugAddresses", a =>
        {
            a.xor(eax, eax);
            a.mov(dr0, rax);
            a.mov(dr1, rax);
            a.mov(dr2, rax);
            a.mov(dr3, rax);
            a.ret();
        });
        w.Add(Prefix + "ReadRFlags", a => { a.pushfq(); a.pop(rax); a.ret(); });
        w.Add(Prefix + "DisableInterrupts", a => { a.cli(); a.ret(); });
        w.Add(Prefix + "ReadSelector", a =>
        {
            // One pair of instructions per register, in the order of SegmentName.
            Label[] labels = new Label[8];
            for (int i = 0; i < labels.Length; i++)
            {
                labels[i] = a.CreateLabel();
                a.cmp(ecx, i);
                a.je(labels[i]);
            }

            a.xor(eax, eax);
            a.ret();
            AssemblerRegisterSegment[] segments = [es, cs, ss, ds, fs, gs];
            for (int i = 0; i < segments.Length; i++)
            {
                a.Label(ref labels[i]);
                a.mov(eax, segments[i]);
                a.ret();
            }

            a.Label(ref labels[6]);
            a.xor(eax, eax);
            a.sldt(ax);
            a.ret();
            a.Label(ref labels[7]);
            a.xor(eax, eax);
            a.str(ax);
            a.ret();
        });
        w.Add(Prefix + "StoreGdt", a => { a.sgdt(__[rcx]); a.ret(); });
        w.Add(Prefix + "StoreIdt", a => { a.sidt(__[rcx]); a.ret(); });
        w.Add(Prefix + "ReadTimestamp", a =>
        {
            a.rdtsc();
            a.shl(rdx, 32);
            a.or(rax, rdx);
            a.ret();
        });
        w.Add(Prefix + "Pause", a => { a.pause(); a.ret(); });
        w.Add(Prefix + "Halt", a =>
        {
            Label again = a.CreateLabel();
            a.Label(ref again);
            a.cli();
            a.hlt();
            a.jmp(again);
        });
        w.Add(Prefix + "WriteBackInvalidate", a => { a.wbinvd(); a.ret(); });
        w.Add(Prefix + "Undefined", a => { a.ud2(); a.ret(); });
        w.Add(Prefix + "OpenGlobalInterruptWindow", a => { a.stgi(); a.nop(); a.clgi(); a.ret(); });
        w.Add(Prefix + "OpenInterruptWindow", a =>
        {
            OpenInterruptWindow(a);
            a.ret();
        });
        w.Add(Prefix + "OpenInterruptWindowUnderGif", a =>
        {
            a.stgi();
            OpenInterruptWindow(a);
            a.clgi();
            a.ret();
        });
        w.Add(Prefix + "Hypercall", a =>
        {
            Label vmcall = a.CreateLabel();
            a.mov(rax, rcx);
            a.mov(rcx, rdx);
            a.test(r8d, r8d);
            a.jnz(vmcall);
            a.vmmcall();
            a.ret();
            a.Label(ref vmcall);
            a.vmcall();
            a.ret();
        });
        w.Add(Prefix + "VmSave", a => { a.mov(rax, rcx); a.vmsave(); a.ret(); });
    }

    private static void OpenInterruptWindow(Assembler a)
    {
        a.sti();
        a.nop(); // the shadow of STI
        a.nop();
        a.cli();
    }

    /// <summary>Offset of a register in GuestRegisters, by its number in instruction encodings.</summary>
    private static int GuestRegisterOffset(int number) => number * sizeof(ulong);

    private static void ReadRegister(StubWriter w, string name, AssemblerRegisterCR register) =>
        w.Add(Prefix + name, a => { a.mov(rax, register); a.ret(); });

    private static void WritePorts(StubWriter w)
    {
        w.Add(Prefix + "In8", a => { a.mov(edx, ecx); a.xor(eax, eax); a.@in(al, dx); a.ret(); });
        w.Add(Prefix + "In16", a => { a.mov(edx, ecx); a.xor(eax, eax); a.@in(ax, dx); a.ret(); });
        w.Add(Prefix + "In32", a => { a.mov(edx, ecx); a.@in(eax, dx); a.ret(); });
        w.Add(Prefix + "Out8", a => { a.mov(eax, edx); a.mov(edx, ecx); a.@out(dx, al); a.ret(); });
        w.Add(Prefix + "Out16", a => { a.mov(eax, edx); a.mov(edx, ecx); a.@out(dx, ax); a.ret(); });
        w.Add(Prefix + "Out32", a => { a.mov(eax, edx); a.mov(edx, ecx); a.@out(dx, eax); a.ret(); });
    }

    private static void WriteMemory(StubWriter w)
    {
        w.Add(Prefix + "ReadMmio32", a => { a.mov(eax, __dword_ptr[rcx]); a.ret(); });
        w.Add(Prefix + "WriteMmio32", a => { a.mov(__dword_ptr[rcx], edx); a.ret(); });
        w.Add(Prefix + "ReadMmio8", a => { a.movzx(eax, __byte_ptr[rcx]); a.ret(); });
        w.Add(Prefix + "ReadMmio16", a => { a.movzx(eax, __word_ptr[rcx]); a.ret(); });
        w.Add(Prefix + "ReadMmio64", a => { a.mov(rax, __qword_ptr[rcx]); a.ret(); });
        w.Add(Prefix + "WriteMmio8", a => { a.mov(__byte_ptr[rcx], dl); a.ret(); });
        w.Add(Prefix + "WriteMmio16", a => { a.mov(__word_ptr[rcx], dx); a.ret(); });
        w.Add(Prefix + "WriteMmio64", a => { a.mov(__qword_ptr[rcx], rdx); a.ret(); });
        w.Add(Prefix + "CompareExchange", a =>
        {
            a.mov(eax, r8d);
            a.@lock.cmpxchg(__dword_ptr[rcx], edx);
            a.ret();
        });
        w.Add(Prefix + "Exchange", a => { a.mov(eax, edx); a.xchg(__dword_ptr[rcx], eax); a.ret(); });
        w.Add(Prefix + "ExchangeAdd", a => { a.mov(eax, edx); a.@lock.xadd(__dword_ptr[rcx], eax); a.ret(); });
    }

    /// <summary>
    /// The guest's vector registers. XMM0 to XMM5 hold the host's values by now, but their upper halves are the guest's, as nothing else in the image is in an encoding that
    /// would touch them.
    /// </summary>
    private static void WriteVectors(StubWriter w)
    {
        w.Add(Prefix + "ReadXcr0", a =>
        {
            a.xor(ecx, ecx);
            a.xgetbv();
            a.shl(rdx, 32);
            a.or(rax, rdx);
            a.ret();
        });
        int first = RegisterSets.VolatileXmm.Length;
        ForVectors(w, "StoreVector", first, (a, i) => a.movups(__xmmword_ptr[rdx], new AssemblerRegisterXMM(Register.XMM0 + i)));
        ForVectors(w, "LoadVector", first, (a, i) => a.movups(new AssemblerRegisterXMM(Register.XMM0 + i), __xmmword_ptr[rdx]));
        ForVectors(w, "StoreVectorHigh", 0, (a, i) => a.vextractf128(__xmmword_ptr[rdx], new AssemblerRegisterYMM(Register.YMM0 + i), 1));
        ForVectors(w, "LoadVectorHigh", 0, (a, i) =>
        {
            AssemblerRegisterYMM register = new(Register.YMM0 + i);
            a.vinsertf128(register, register, __xmmword_ptr[rdx], 1);
        });
    }

    /// <summary>One instruction for each register from <paramref name="first"/> to 15, chosen by ECX.</summary>
    private static void ForVectors(StubWriter w, string name, int first, Action<Assembler, int> write) => w.Add(Prefix + name, a =>
    {
        int last = RegisterSets.VolatileXmm.Length + RegisterSets.KeptXmm.Length;
        for (int i = first; i < last; i++)
        {
            Label next = a.CreateLabel();
            a.cmp(ecx, i);
            a.jne(next);
            write(a, i);
            a.ret();
            a.Label(ref next);
        }

        a.ret();
    });

    /// <summary>
    /// Stubs whose one instruction may fault. Between the two marks the stack holds nothing but the return address, so that the fault handler
    /// resumes at the caller with zero in RAX.
    /// </summary>
    private static void WriteFaultable(StubWriter w) => w.Add(Prefix + "FaultableRange", a =>
    {
        Label begin = a.CreateLabel();
        Label end = a.CreateLabel();
        a.lea(rax, __[begin]);
        a.mov(__qword_ptr[rcx], rax);
        a.lea(rax, __[end]);
        a.mov(__qword_ptr[rdx], rax);
        a.ret();

        a.Label(ref begin);
        a.nop();
        w.Mark(a, Prefix + "TryReadMsr");
        a.mov(r8, rdx);
        a.rdmsr();
        a.mov(__dword_ptr[r8], eax);
        a.mov(__dword_ptr[r8 + 4], edx);
        a.mov(eax, 1);
        a.ret();

        w.Mark(a, Prefix + "TryWriteMsr");
        a.mov(eax, edx);
        a.shr(rdx, 32);
        a.wrmsr();
        a.mov(eax, 1);
        a.ret();

        w.Mark(a, Prefix + "TryWriteXcr");
        a.mov(eax, edx);
        a.shr(rdx, 32);
        a.xsetbv();
        a.mov(eax, 1);
        a.ret();

        w.Mark(a, Prefix + "TryVmxOn");
        Label refused = a.CreateLabel();
        a.vmxon(__qword_ptr[rcx]);
        a.jbe(refused);
        a.mov(eax, 1);
        a.ret();
        a.Label(ref refused);
        a.xor(eax, eax);
        a.ret();

        w.Mark(a, Prefix + "TryRead64");
        a.mov(rax, __qword_ptr[rcx]);
        a.mov(__qword_ptr[rdx], rax);
        a.mov(eax, 1);
        a.ret();
        a.Label(ref end);
        a.nop();
    });
}
