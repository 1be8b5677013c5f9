using System;
using System.Collections.Generic;
using Hypervisor.Guests.Probe.Layout;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hypervisor.Guests.Stubs;

/// <summary>The code of each snippet. Operands come in registers, which the checks set.</summary>
internal static class Snippets
{
    private const uint EferMsr = 0xC000_0080;
    private const int ApicId = 0x20;
    private const int InterruptCommandLow = 0x300;
    private const int InterruptCommandHigh = 0x310;
    private const int LongestInstruction = 15;
    private const int CpuidSize = 2;


    private static readonly AssemblerRegisterYMM[] s_ymm =
        [ymm0, ymm1, ymm2, ymm3, ymm4, ymm5, ymm6, ymm7, ymm8, ymm9, ymm10, ymm11, ymm12, ymm13, ymm14, ymm15];

    private static readonly Dictionary<SnippetName, Action<Assembler>> s_code = new()
    {
        [SnippetName.Nop] = Then(a => a.nop()),
        [SnippetName.Cpuid] = Then(a => a.cpuid()),
        [SnippetName.ReadMsr] = Then(a => a.rdmsr()),
        [SnippetName.WriteMsr] = Then(a => a.wrmsr()),
        [SnippetName.Out80] = Then(a => a.@out(0x80, al)),
        [SnippetName.RepMovsb] = Then(a => a.rep.movsb()),
        [SnippetName.Xsetbv] = Then(a => a.xsetbv()),
        [SnippetName.Xgetbv] = Then(a => a.xgetbv()),
        [SnippetName.Invd] = Then(a => a.invd()),
        [SnippetName.Wbinvd] = Then(a => a.wbinvd()),
        [SnippetName.ApicStore] = Then(a => a.mov(__dword_ptr[rdi], ecx)),
        [SnippetName.ApicExchange] = Then(a => a.xchg(__dword_ptr[rdi], ecx)),
        [SnippetName.ApicStosd] = Then(a => a.stosd()),

        [SnippetName.MovSsCpuid] = a => { a.mov(ss, edx); a.cpuid(); Nops(a); },
        [SnippetName.MovSsNop] = a => { a.mov(ss, edx); a.nop(); Nops(a); },
        [SnippetName.StiCpuid] = a => { a.sti(); a.cpuid(); Nops(a); },
        [SnippetName.StiNop] = a => { a.sti(); a.nop(); Nops(a); },
        [SnippetName.StiReadMsr] = a => { a.sti(); a.rdmsr(); Nops(a); },
        [SnippetName.StiApicStore] = a => { a.sti(); a.mov(__dword_ptr[rdi], ecx); Nops(a); },
        [SnippetName.StiApicExchange] = a => { a.sti(); a.xchg(__dword_ptr[rdi], ecx); Nops(a); },

        [SnippetName.CpuidTwice] = a => { a.cpuid(); a.mov(eax, esi); a.cpuid(); Nops(a); },
        [SnippetName.StoreCpuid] = a => { a.mov(__dword_ptr[rdi], eax); a.cpuid(); Nops(a); },

        [SnippetName.Vmrun] = Then(a => a.vmrun()),
        [SnippetName.Vmload] = Then(a => a.vmload()),
        [SnippetName.Vmsave] = Then(a => a.vmsave()),
        [SnippetName.Stgi] = Then(a => a.stgi()),
        [SnippetName.Clgi] = Then(a => a.clgi()),
        [SnippetName.Skinit] = Then(a => a.skinit()),
        [SnippetName.Invlpga] = Then(a => a.invlpga()),
        [SnippetName.Vmmcall] = Then(a => a.vmmcall()),
        [SnippetName.Vmcall] = Then(a => a.vmcall()),
        [SnippetName.Vmlaunch] = Then(a => a.vmlaunch()),
        [SnippetName.Vmresume] = Then(a => a.vmresume()),
        [SnippetName.Vmxoff] = Then(a => a.vmxoff()),
        [SnippetName.Vmxon] = Then(a => a.vmxon(__qword_ptr[rdi])),
        [SnippetName.Vmptrld] = Then(a => a.vmptrld(__qword_ptr[rdi])),
        [SnippetName.Vmptrst] = Then(a => a.vmptrst(__qword_ptr[rdi])),
        [SnippetName.Vmclear] = Then(a => a.vmclear(__qword_ptr[rdi])),
        [SnippetName.Vmread] = Then(a => a.vmread(rbx, rcx)),
        [SnippetName.Vmwrite] = Then(a => a.vmwrite(rbx, rcx)),
        [SnippetName.Invept] = Then(a => a.invept(rbx, __[rdi])),
        [SnippetName.Invvpid] = Then(a => a.invvpid(rbx, __[rdi])),
        [SnippetName.Getsec] = Then(a => a.getsec()),
        [SnippetName.LockCpuid] = Prefixed(0xF0),

        [SnippetName.Cpuid66] = Prefixed(0x66),
        [SnippetName.CpuidRex] = Prefixed(0x48),
        [SnippetName.CpuidF2] = Prefixed(0xF2),
        [SnippetName.CpuidF3] = Prefixed(0xF3),
        [SnippetName.Cpuid67] = Prefixed(0x67),
        [SnippetName.CpuidSegment] = Prefixed(0x2E, 0x65),
        [SnippetName.CpuidLongest] = Prefixed(Padding(LongestInstruction - CpuidSize)),
        [SnippetName.CpuidTooLong] = Prefixed(Padding(LongestInstruction - CpuidSize + 1)),

        [SnippetName.StoreInvdLoad] = a => { a.mov(__qword_ptr[rdi], rax); a.invd(); a.mov(rbx, __qword_ptr[rdi]); Nops(a); },

        [SnippetName.SwapCr0] = Swap(cr0),
        [SnippetName.SwapCr3] = Swap(cr3),
        [SnippetName.SwapCr4] = Swap(cr4),
        [SnippetName.SwapCr8] = Swap(cr8),
        [SnippetName.Lmsw] = a => { a.lmsw(ax); a.smsw(rbx); a.clts(); a.smsw(rdx); Nops(a); },

        [SnippetName.SendAndWait] = SendAndWait,
        [SnippetName.FxAcross] = FxAcross,
        [SnippetName.AvxAcross] = AvxAcross,

        [SnippetName.ApicMov] = Apic(a => a.mov(__dword_ptr[rdi], ecx)),
        [SnippetName.ApicMovImmediate] = Apic(a => a.mov(__dword_ptr[rdi], 0x0001_00A1)),
        [SnippetName.ApicMovHigh] = Apic(a => a.mov(__dword_ptr[rdi], r13d)),
        [SnippetName.ApicMovIndexed] = Apic(a => a.mov(__dword_ptr[rdi + (rdx * 8) + 0x7FFF0000], ecx)),
        [SnippetName.ApicOr] = Apic(a => a.or(__dword_ptr[rdi], ecx)),
        [SnippetName.ApicAnd] = Apic(a => a.and(__dword_ptr[rdi], ecx)),
        [SnippetName.ApicXor] = Apic(a => a.xor(__dword_ptr[rdi], ecx)),
        [SnippetName.ApicAdd] = Apic(a => a.add(__dword_ptr[rdi], ecx)),
        [SnippetName.ApicXchg] = Apic(a => a.xchg(__dword_ptr[rdi], ecx)),
        [SnippetName.ApicCmpxchg] = ApicLocked(a => a.@lock.cmpxchg(__dword_ptr[rdi], ecx)),
        [SnippetName.ApicXadd] = ApicLocked(a => a.@lock.xadd(__dword_ptr[rdi], ecx)),
        [SnippetName.ApicInc] = Apic(a => a.inc(__dword_ptr[rdi])),
        [SnippetName.ApicNot] = Apic(a => a.not(__dword_ptr[rdi])),
        [SnippetName.ApicBts] = Apic(a => a.bts(__dword_ptr[rdi], 3)),
        [SnippetName.ApicLockOr] = ApicLocked(a => a.@lock.or(__dword_ptr[rdi], ecx)),
        [SnippetName.ApicLockInc] = ApicLocked(a => a.@lock.inc(__dword_ptr[rdi])),
        [SnippetName.ApicCmpxchgPlain] = Apic(a => a.cmpxchg(__dword_ptr[rdi], ecx)),
        [SnippetName.ApicStosString] = Apic(a => a.stosd()),
        [SnippetName.ApicMovsString] = Apic(a => a.movsd()),
        [SnippetName.ApicRepStos] = Apic(a => a.rep.stosd()),
        [SnippetName.ApicLoadsString] = a => { a.xchg(rsi, rdi); a.lodsd(); Nops(a); },
        [SnippetName.ApicTest] = a => { a.test(__dword_ptr[rdi], ecx); Nops(a); },
        [SnippetName.ApicCmp] = a => { a.cmp(__dword_ptr[rdi], ecx); Nops(a); },
        [SnippetName.ApicMov32] = Apic(a => { a.db(0x67); a.mov(__dword_ptr[edi], ecx); }),

        [SnippetName.UserCpuid] = Then(a => a.cpuid()),
        [SnippetName.UserReadMsr] = Then(a => a.rdmsr()),
        [SnippetName.UserRdtsc] = Then(a => { a.rdtsc(); a.xor(eax, eax); a.xor(edx, edx); }),
        [SnippetName.UserHlt] = Then(a => a.hlt()),
    };

    internal static void Write(SnippetName name, Assembler assembler) => s_code[name](assembler);

    private static void Nops(Assembler a)
    {
        a.nop();
        a.nop();
    }

    private static Action<Assembler> Then(Action<Assembler> instruction) => a =>
    {
        instruction(a);
        Nops(a);
    };

    private static Action<Assembler> Prefixed(params byte[] prefixes) => a =>
    {
        a.db([.. prefixes, 0x0F, 0xA2]);
        Nops(a);
    };

    private static byte[] Padding(int count)
    {
        byte[] prefixes = new byte[count];
        Array.Fill(prefixes, (byte)0x66);
        return prefixes;
    }

    private static Action<Assembler> Swap(AssemblerRegisterCR register) => a =>
    {
        a.mov(register, rax);
        a.mov(rbx, register);
        a.mov(register, rcx);
        Nops(a);
    };

    private static Action<Assembler> Apic(Action<Assembler> instruction) => a =>
    {
        a.mov(r10, rdi); // string instructions move RDI
        instruction(a);
        a.mov(ebx, __dword_ptr[r10]);
        Nops(a);
    };

    /// <summary>
    /// With a LOCK prefix. The flags are made the same afterwards: QEMU 7.2 with several processors loses them when such an instruction on
    /// device memory is single-stepped, which a hypervisor may have to do.
    /// </summary>
    private static Action<Assembler> ApicLocked(Action<Assembler> instruction) => Apic(a =>
    {
        instruction(a);
        a.cmp(esp, esp);
    });

    private static void SendAndWait(Assembler a)
    {
        Label wait = a.CreateLabel();
        a.mov(__dword_ptr[rdi + InterruptCommandHigh], ecx);
        a.mov(__dword_ptr[rdi + InterruptCommandLow], eax);
        a.Label(ref wait);
        a.pause();
        a.dec(r8);
        a.jnz(wait);
        Nops(a);
    }

    /// <summary>Exits of the most frequent kinds, R8 times: CPUID, RDMSR and WRMSR of EFER, reads of the local APIC at R10.</summary>
    private static void Exits(Assembler a)
    {
        Label again = a.CreateLabel();
        a.Label(ref again);
        a.xor(eax, eax);
        a.xor(ecx, ecx);
        a.cpuid();
        a.mov(ecx, EferMsr);
        a.rdmsr();
        a.wrmsr();
        a.mov(eax, __dword_ptr[r10 + ApicId]);
        a.dec(r8);
        a.jnz(again);
    }

    /// <summary>
    /// R11: where the caller's own state is kept; RSI: FXSAVE image with the pattern to load; R12 and RDI: where the state goes before and
    /// after the exits.
    /// </summary>
    private static void FxAcross(Assembler a)
    {
        a.fxsave(__[r11]);
        a.fxrstor(__[rsi]);
        a.fxsave(__[r12]);
        Exits(a);
        a.fxsave(__[rdi]);
        a.fxrstor(__[r11]);
        Nops(a);
    }

    /// <summary>
    /// RSI: pattern of 16 × 32 bytes; R12 and RDI: where the registers go before and after; R11: where the caller's state is kept.
    /// </summary>
    private static void AvxAcross(Assembler a)
    {
        a.fxsave(__[r11]);
        for (int i = 0; i < s_ymm.Length; i++)
        {
            a.vmovups(s_ymm[i], __ymmword_ptr[rsi + (i * 32)]);
        }

        StoreAvx(a, r12);
        Exits(a);
        StoreAvx(a, rdi);
        a.vzeroall();
        a.fxrstor(__[r11]);
        Nops(a);
    }

    private static void StoreAvx(Assembler a, AssemblerRegister64 destination)
    {
        for (int i = 0; i < s_ymm.Length; i++)
        {
            a.vmovups(__ymmword_ptr[destination + (i * 32)], s_ymm[i]);
        }
    }
}
