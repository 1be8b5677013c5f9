using System;
using Hypervisor.Tool.Stubs;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hypervisor.Guests.Stubs;

/// <summary>
/// The benchmark's loops: <c>ulong Loop(uint count)</c> executes one instruction that many times and returns the time-stamp ticks it took. On an emulator that
/// counts instructions a tick is an instruction; the empty loop is there to be subtracted.
/// </summary>
internal static class BenchStubs
{
    private const int ApicPage = unchecked((int)0xFEE0_0000);
    private const int ApicId = 0x20;
    private const int ApicErrorStatus = 0x280;
    private const uint Efer = 0xC000_0080;
    private const uint Pat = 0x277;
    private const uint Tsc = 0x10;
    private const uint FsBase = 0xC000_0100;
    private const uint Sysenter = 0x174;
    private const uint PciSelect = 0x8000_0008; // class code of the host bridge
    private const uint PciWindow = 0x8000_0060; // PCIEXBAR of Q35's host bridge
    private const uint PciWindowMask = 0xFC00_0000;
    private const int ClassOffset = 8;
    private const uint AhciBase = 0x8000_FA24; // ABAR of 00:1F.2
    private const uint BarMask = 0xFFFF_FFF0;
    private const int PortInterruptStatus = 0x290; // of port 3, where nothing is
    private const int BelowStack = 0x100;
    private const uint PciAddressPort = 0xCF8;
    private const uint PciDataPort = 0xCFC;
    private const uint HypervisorLeaf = 0x4000_0000;

    internal static void Write(StubWriter writer)
    {
        Loop(writer, "Empty", _ => { }, _ => { });
        Loop(writer, "Cpuid0", _ => { }, a => { a.xor(eax, eax); a.cpuid(); });
        Loop(writer, "Cpuid1", _ => { }, a => { a.mov(eax, 1); a.cpuid(); });
        Loop(writer, "CpuidVendor", _ => { }, a => { a.mov(eax, HypervisorLeaf); a.cpuid(); });
        Loop(writer, "ReadEfer", a => a.mov(ecx, Efer), a => a.rdmsr());
        Loop(writer, "WriteEfer", a => { a.mov(ecx, Efer); a.rdmsr(); }, a => a.wrmsr());
        Loop(writer, "ReadTsc", a => a.mov(ecx, Tsc), a => a.rdmsr());
        Loop(writer, "ReadPat", a => a.mov(ecx, Pat), a => a.rdmsr());
        Loop(writer, "WritePat", a => { a.mov(ecx, Pat); a.rdmsr(); }, a => a.wrmsr());
        Loop(writer, "ReadFsBase", a => a.mov(ecx, FsBase), a => a.rdmsr());
        Loop(writer, "WriteSysenter", a => { a.mov(ecx, Sysenter); a.rdmsr(); }, a => a.wrmsr());
        Loop(writer, "Xsetbv", a => { a.xor(ecx, ecx); a.xgetbv(); }, a => a.xsetbv());
        Loop(writer, "WriteCr0", a => a.mov(rax, cr0), a => a.mov(cr0, rax));
        Loop(writer, "WriteCr3", a => a.mov(rax, cr3), a => a.mov(cr3, rax));
        Loop(writer, "WriteCr4", a => a.mov(rax, cr4), a => a.mov(cr4, rax));
        Loop(writer, "WriteCr8", a => a.mov(rax, cr8), a => a.mov(cr8, rax));
        Loop(writer, "OutDelay", a => a.xor(eax, eax), a => a.@out(0x80, al));
        Loop(writer, "OutCmosIndex", a => a.mov(eax, 0x0D), a => a.@out(0x70, al));
        Loop(writer, "PciRead", _ => { }, a =>
        {
            a.mov(eax, PciSelect);
            a.mov(edx, PciAddressPort);
            a.@out(dx, eax);
            a.mov(edx, PciDataPort);
            a.@in(eax, dx);
        });
        Loop(writer, "PciWindowRead", a => Address(a, PciWindow, PciWindowMask, ClassOffset), a => a.mov(ecx, __dword_ptr[rax]));
        Loop(writer, "AhciRead", a => Address(a, AhciBase, BarMask, PortInterruptStatus), a => a.mov(ecx, __dword_ptr[rax]));
        Loop(writer, "AhciWrite", a => { Address(a, AhciBase, BarMask, PortInterruptStatus); a.xor(ecx, ecx); }, a => a.mov(__dword_ptr[rax], ecx));
        Loop(writer, "ReadApic", a => a.mov(eax, ApicPage), a => a.mov(ecx, __dword_ptr[rax + ApicId]));
        Loop(writer, "WriteApic", a => { a.mov(eax, ApicPage); a.xor(ecx, ecx); }, a => a.mov(__dword_ptr[rax + ApicErrorStatus], ecx));
    }

    /// <summary>RAX: an address that a register of configuration space holds; one below the stack where there is no such function.</summary>
    private static void Address(Assembler a, uint register, uint mask, int offset)
    {
        Label end = a.CreateLabel();
        Label absent = a.CreateLabel();
        a.mov(eax, register);
        a.mov(edx, PciAddressPort);
        a.@out(dx, eax);
        a.mov(edx, PciDataPort);
        a.@in(eax, dx);
        a.cmp(eax, -1);
        a.je(absent);
        a.and(eax, mask);
        a.jz(absent);
        a.add(eax, offset);
        a.jmp(end);
        a.Label(ref absent);
        a.lea(rax, __[rsp - BelowStack]);
        a.Label(ref end);
        a.nop();
    }

    private static void Loop(StubWriter writer, string name, Action<Assembler> prepare, Action<Assembler> body) => writer.Add("bench_" + name, a =>
    {
        Label again = a.CreateLabel();
        a.push(rbx);
        a.push(rsi);
        a.push(rdi);
        a.mov(esi, ecx);
        prepare(a);
        a.mov(r10, rax);
        a.mov(r11, rdx);
        a.rdtsc();
        a.shl(rdx, 32);
        a.lea(rdi, __[rax + rdx]);
        a.mov(rax, r10);
        a.mov(rdx, r11);
        a.nop();
        a.Label(ref again);
        body(a);
        a.dec(esi);
        a.jnz(again);
        a.rdtsc();
        a.shl(rdx, 32);
        a.add(rax, rdx);
        a.sub(rax, rdi);
        a.pop(rdi);
        a.pop(rsi);
        a.pop(rbx);
        a.ret();
    });
}
