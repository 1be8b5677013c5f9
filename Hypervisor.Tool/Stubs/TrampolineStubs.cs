using Hypervisor.Core.Host;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hypervisor.Tool.Stubs;

/// <summary>
/// What an application processor runs when the host takes it over: from the 16-bit state after SIPI to C#. The host copies the code to a page
/// below 1 MiB and fills in the words of <see cref="TrampolineLayout"/>.
/// </summary>
internal static class TrampolineStubs
{
    private const int Cr4Pae = 1 << 5;
    private const int Cr4OsFxsr = 1 << 9;
    private const uint Cr0HostBits = 0x8001_0033; // PG, WP, NE, ET, MP, PE
    private const uint EferMsr = 0xC000_0080;
    private const int EferLongModeAndNoExecute = (1 << 8) | (1 << 11);
    private const uint ApicBaseMsr = 0x1B;
    private const int ApicBaseX2Apic = 1 << 10;
    private const uint X2ApicIdMsr = 0x802;

    internal static void Write(StubWriter writer)
    {
        // SIPI vector V starts at CS:IP = V00h:0 with CS.base = V000h (Intel SDM vol 3 §9.4.4).
        writer.Add("hv_Trampoline16", 16, a =>
        {
            a.cli();
            a.mov(ax, cs);
            a.mov(ds, ax);
            a.db(0x66, 0x0F, 0x01, 0x16); // lgdt with a 32-bit base
            a.dw(TrampolineLayout.Gdtr);
            a.mov(eax, Cr4Pae | Cr4OsFxsr);
            a.mov(cr4, eax);
            a.mov(eax, __dword_ptr[TrampolineLayout.Cr3]);
            a.mov(cr3, eax);
            a.mov(ecx, EferMsr);
            a.rdmsr();
            a.or(eax, EferLongModeAndNoExecute);
            a.wrmsr();
            a.mov(eax, Cr0HostBits);
            a.mov(cr0, eax); // protection and paging at once: long mode (AMD APM vol 2 §14.6.1)
            a.db(0x66, 0xFF, 0x2E); // jmp far through m16:32
            a.dw(TrampolineLayout.FarPointer);
        });
        writer.Add("hv_Trampoline64", WriteLong);
        writer.Add("hv_TrampolineCode", a =>
        {
            Reference(writer, a, rcx, "hv_Trampoline16");
            Reference(writer, a, rdx, "hv_Trampoline64");
            Reference(writer, a, r8, "hv_ApplicationEntry");
            a.ret();
        });
        writer.Add("hv_ApplicationEntry", a =>
        {
            // RCX = ProcessorData*, from the trampoline, on host page tables. Everything is loaded before C# runs.
            Label reloaded = a.CreateLabel();
            a.lea(rsp, __[rcx - ProcessorBlock.HomeSpace]);
            a.mov(rax, __qword_ptr[rcx + ProcessorDataLayout.HostCr4]);
            a.mov(cr4, rax);
            a.mov(rax, __qword_ptr[rcx + ProcessorDataLayout.HostCr0]);
            a.mov(cr0, rax);
            HostStubs.LoadTables(a, reloaded);
            writer.Call(a, "ApplicationProcessorEntry");
            a.ud2();
        });
    }

    /// <summary>Stores the address of <paramref name="symbol"/> at [<paramref name="destination"/>].</summary>
    private static void Reference(StubWriter writer, Assembler a, AssemblerRegister64 destination, string symbol)
    {
        writer.LoadAddress(a, symbol);
        a.mov(__qword_ptr[destination], rax);
    }

    private static void WriteLong(Assembler a)
    {
        Label search = a.CreateLabel();
        Label found = a.CreateLabel();
        Label lost = a.CreateLabel();
        Label xapic = a.CreateLabel();
        Label identified = a.CreateLabel();
        Label page = a.CreateLabel();

        a.Label(ref page);
        a.lea(rbp, __[page]);
        a.and(rbp, -TrampolineLayout.Size);

        // Who am I: the x2APIC ID where that mode is on, else the initial APIC ID.
        a.mov(ecx, ApicBaseMsr);
        a.rdmsr();
        a.test(eax, ApicBaseX2Apic);
        a.jz(xapic);
        a.mov(ecx, X2ApicIdMsr);
        a.rdmsr();
        a.jmp(identified);
        a.Label(ref xapic);
        a.mov(eax, 1);
        a.cpuid();
        a.mov(eax, ebx);
        a.shr(eax, 24);
        a.Label(ref identified);
        a.mov(edi, eax);

        a.mov(rsi, __qword_ptr[rbp + TrampolineLayout.Table]);
        a.mov(ecx, __dword_ptr[rbp + TrampolineLayout.Count]);
        a.Label(ref search);
        a.test(ecx, ecx);
        a.jz(lost);
        a.cmp(__dword_ptr[rsi], edi);
        a.je(found);
        a.add(rsi, 16);
        a.dec(ecx);
        a.jmp(search);

        a.Label(ref lost); // not one of ours: wait for a better INIT
        a.cli();
        a.hlt();
        a.jmp(lost);

        a.Label(ref found);
        a.mov(rcx, __qword_ptr[rsi + 8]);
        a.jmp(__qword_ptr[rbp + TrampolineLayout.Entry]);
    }
}
