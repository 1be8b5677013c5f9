using Hypervisor.Guests.Probe.Layout;
using Hypervisor.Tool.Stubs;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hypervisor.Guests.Stubs;

/// <summary>
/// The round trip from 64-bit mode through compatibility, 32-bit and 16-bit protected mode to real mode and back (AMD APM vol 2 §14.4 to
/// §14.6, §1.3). The probe copies the three parts into a block below 1 MiB; EBP, or the segment base, points to the block throughout.
/// </summary>
internal static class TripStubs
{
    private const uint EferMsr = 0xC000_0080;
    private const int EferLongModeEnable = 1 << 8;
    private const int Cr4PageSizeExtensions = 1 << 4;
    private const int Cr4PhysicalAddressExtension = 1 << 5;
    private const int Cr0ProtectionEnable = 1;
    private const uint Cr0Paging = 0x8000_0000;
    private const int FlagTrap = 0x100;
    private const int ResultSize = 16;

    private static readonly AssemblerRegister64[] s_kept = [rbx, rbp, rsi, rdi, r12, r13, r14, r15];

    internal static void Write(StubWriter writer)
    {
        writer.Add("probe_Trip", a => WriteDeparture(a));
        writer.Add("probe_Trip64", a => WriteArrival(a));
        writer.Add("probe_Trip32", 32, a => Write32(writer, a));
        writer.Add("probe_Trip16", 16, a => Write16(writer, a));
        writer.Add("probe_TripCode", a =>
        {
            // void TripCode(ulong* addresses)
            string[] symbols =
            [
                "probe_Trip64", "probe_Trip32", "probe_Trip16", "probe_Back32", "probe_Real", "probe_RealInterrupt", "probe_RealStep",
            ];
            for (int i = 0; i < symbols.Length; i++)
            {
                writer.LoadAddress(a, symbols[i]);
                a.mov(__qword_ptr[rcx + (i * 8)], rax);
            }

            a.ret();
        });
    }

    /// <summary>void Trip(block): the 64-bit part in the image.</summary>
    private static void WriteDeparture(Assembler a)
    {
        Label back = a.CreateLabel();
        foreach (AssemblerRegister64 register in s_kept)
        {
            a.push(register);
        }

        a.pushfq();
        a.cli();
        a.mov(eax, ss);
        a.push(rax);
        a.mov(eax, cs);
        a.push(rax);
        a.mov(rbp, rcx);
        a.mov(__qword_ptr[rbp + TripLayout.SavedRsp], rsp);
        a.mov(rax, cr0);
        a.mov(__qword_ptr[rbp + TripLayout.SavedCr0], rax);
        a.mov(rax, cr3);
        a.mov(__qword_ptr[rbp + TripLayout.SavedCr3], rax);
        a.mov(rax, cr4);
        a.mov(__qword_ptr[rbp + TripLayout.SavedCr4], rax);
        a.mov(ecx, EferMsr);
        a.rdmsr();
        a.mov(__dword_ptr[rbp + TripLayout.SavedEfer], eax);
        a.mov(__dword_ptr[rbp + TripLayout.SavedEfer + 4], edx);
        a.sgdt(__[rbp + TripLayout.SavedGdtr]);
        a.sidt(__[rbp + TripLayout.SavedIdtr]);
        a.lea(rax, __[back]);
        a.mov(__qword_ptr[rbp + TripLayout.ReturnRip], rax);
        a.lgdt(__[rbp + TripLayout.Gdtr]);
        a.db(0xFF, 0x6D, TripLayout.ToCode32); // jmp far [rbp + ToCode32], 16:32

        a.Label(ref back);
        a.pop(rcx); // SS; CS was taken by the far return
        a.mov(ss, ecx);
        a.mov(ds, ecx);
        a.mov(es, ecx);
        a.popfq();
        for (int i = s_kept.Length - 1; i >= 0; i--)
        {
            a.pop(s_kept[i]);
        }

        a.ret();
    }

    /// <summary>The 64-bit part in the block: back on the caller's tables and stack.</summary>
    private static void WriteArrival(Assembler a)
    {
        a.mov(ebp, ebp); // the upper half is undefined after 32-bit code
        a.mov(rsp, __qword_ptr[rbp + TripLayout.SavedRsp]);
        a.lgdt(__[rbp + TripLayout.SavedGdtr]);
        a.lidt(__[rbp + TripLayout.SavedIdtr]);
        a.pop(rcx); // CS
        a.push(rcx);
        a.push(__qword_ptr[rbp + TripLayout.ReturnRip]);
        a.db(0x48, 0xCB); // retfq
    }

    private static void Write32(StubWriter writer, Assembler a)
    {
        Label cpuid = a.CreateLabel();
        LoadSegments(a, TripLayout.Data32Selector);
        a.lea(esp, __[ebp + TripLayout.StackTop]);
        CallCpuid(a, cpuid, TripStage.Compatibility);

        SetPaging(a, false);
        ClearLongModeEnable(a);
        a.rdmsr();
        a.mov(__dword_ptr[ebp + TripLayout.EferUnpaged], eax);
        CallCpuid(a, cpuid, TripStage.Unpaged);

        StartLegacyPaging(a);
        CallCpuid(a, cpuid, TripStage.LegacyPaging);
        SetPaging(a, false);

        a.mov(eax, cr4);
        a.or(eax, Cr4PhysicalAddressExtension);
        a.mov(cr4, eax);
        a.mov(eax, __dword_ptr[ebp + TripLayout.PaeCr3]);
        a.mov(cr3, eax);
        SetPaging(a, true);
        CallCpuid(a, cpuid, TripStage.PaePaging);
        SetPaging(a, false);

        a.lidt(__[ebp + TripLayout.RealIdtr]);
        a.db(0xFF, 0x6D, TripLayout.ToCode16); // jmp far [ebp + ToCode16], 16:32

        a.Label(ref cpuid); // EDI: where the results go
        a.mov(eax, __dword_ptr[ebp + TripLayout.Leaf]);
        a.xor(ecx, ecx);
        a.cpuid();
        a.mov(__dword_ptr[edi], eax);
        a.mov(__dword_ptr[edi + 4], ebx);
        a.mov(__dword_ptr[edi + 8], ecx);
        a.mov(__dword_ptr[edi + 12], edx);
        a.ret();

        writer.Mark(a, "probe_Back32");
        LoadSegments(a, TripLayout.Data32Selector);
        a.lea(esp, __[ebp + TripLayout.StackTop]);
        Return(a);
    }

    /// <summary>From 32-bit code as the round trip enters it to 32-bit protected mode with 32-bit paging.</summary>
    internal static void EnterLegacyPaging(Assembler a)
    {
        LoadSegments(a, TripLayout.Data32Selector);
        a.lea(esp, __[ebp + TripLayout.StackTop]);
        SetPaging(a, false);
        ClearLongModeEnable(a);
        StartLegacyPaging(a);
    }

    /// <summary>From there back to the 64-bit code that departed.</summary>
    internal static void LeaveLegacyPaging(Assembler a)
    {
        SetPaging(a, false);
        Return(a);
    }

    private static void StartLegacyPaging(Assembler a)
    {
        a.mov(eax, cr4);
        a.and(eax, ~Cr4PhysicalAddressExtension);
        a.or(eax, Cr4PageSizeExtensions);
        a.mov(cr4, eax);
        a.mov(eax, __dword_ptr[ebp + TripLayout.LegacyCr3]);
        a.mov(cr3, eax);
        SetPaging(a, true);
    }

    /// <summary>Restores the control registers, paging off, and goes back to 64-bit code.</summary>
    private static void Return(Assembler a)
    {
        a.mov(eax, __dword_ptr[ebp + TripLayout.SavedCr4]);
        a.mov(cr4, eax);
        a.mov(eax, __dword_ptr[ebp + TripLayout.SavedCr3]);
        a.mov(cr3, eax);
        a.mov(ecx, EferMsr);
        a.mov(eax, __dword_ptr[ebp + TripLayout.SavedEfer]);
        a.mov(edx, __dword_ptr[ebp + TripLayout.SavedEfer + 4]);
        a.wrmsr();
        a.mov(eax, __dword_ptr[ebp + TripLayout.SavedCr0]);
        a.mov(cr0, eax);
        a.db(0xFF, 0x6D, TripLayout.ToBack64); // jmp far [ebp + ToBack64], 16:32
    }

    private static void Write16(StubWriter writer, Assembler a)
    {
        a.mov(ax, TripLayout.Data16Selector);
        a.mov(ds, ax);
        a.mov(es, ax);
        a.mov(ss, ax);
        a.mov(sp, TripLayout.StackTop);
        StoreCpuid16(a, TripStage.Protected16);
        a.mov(eax, cr0);
        a.and(eax, ~Cr0ProtectionEnable);
        a.mov(cr0, eax);
        a.db(0xFF, 0x2E); // jmp far [ToReal], 16:16
        a.dw(TripLayout.ToReal);

        writer.Mark(a, "probe_Real");
        a.mov(ax, cs);
        a.mov(ds, ax);
        a.mov(es, ax);
        a.mov(ss, ax);
        a.mov(sp, TripLayout.StackTop);
        StoreCpuid16(a, TripStage.Real);
        a.mov(ecx, EferMsr);
        a.rdmsr();
        a.mov(__dword_ptr[TripLayout.EferReal], eax);
        a.@int(TripLayout.RealInterruptVector);

        // One single step: over the CPUID that comes right behind the POPF which sets TF.
        Label stepped = a.CreateLabel();
        a.mov(eax, __dword_ptr[TripLayout.Leaf]);
        a.xor(ecx, ecx);
        a.pushf();
        a.pop(dx);
        a.or(dx, FlagTrap);
        a.push(dx);
        a.popf();
        a.Label(ref stepped);
        a.cpuid();
        a.nop();
        Store16(a, TripStage.RealStepped);

        a.mov(eax, cr0);
        a.or(al, Cr0ProtectionEnable);
        a.mov(cr0, eax);
        a.db(0x66, 0xFF, 0x2E); // jmp far [ToBack32], 16:32
        a.dw(TripLayout.ToBack32);

        writer.Mark(a, "probe_RealInterrupt");
        a.inc(__word_ptr[TripLayout.RealInterrupts]);
        a.iret();

        // #DB: notes the IP and lets the rest run without TF.
        writer.Mark(a, "probe_RealStep");
        a.push(bp);
        a.mov(bp, sp);
        a.push(ax);
        a.mov(ax, __word_ptr[bp + 2]);
        a.mov(__word_ptr[TripLayout.RealStepIp], ax);
        a.and(__word_ptr[bp + 6], unchecked((short)~FlagTrap));
        a.pop(ax);
        a.pop(bp);
        a.inc(__word_ptr[TripLayout.RealSteps]);
        a.iret();
    }

    private static void LoadSegments(Assembler a, ushort selector)
    {
        a.mov(eax, selector);
        a.mov(ds, eax);
        a.mov(es, eax);
        a.mov(ss, eax);
    }

    private static void CallCpuid(Assembler a, Label cpuid, TripStage stage)
    {
        a.lea(edi, __[ebp + TripLayout.Results + ((int)stage * ResultSize)]);
        a.call(cpuid);
    }

    private static void SetPaging(Assembler a, bool on)
    {
        a.mov(eax, cr0);
        if (on)
        {
            a.or(eax, unchecked((int)Cr0Paging));
        }
        else
        {
            a.and(eax, unchecked((int)~Cr0Paging));
        }

        a.mov(cr0, eax);
    }

    private static void ClearLongModeEnable(Assembler a)
    {
        a.mov(ecx, EferMsr);
        a.rdmsr();
        a.and(eax, ~EferLongModeEnable);
        a.wrmsr();
    }

    private static void StoreCpuid16(Assembler a, TripStage stage)
    {
        a.mov(eax, __dword_ptr[TripLayout.Leaf]);
        a.xor(ecx, ecx);
        a.cpuid();
        Store16(a, stage);
    }

    private static void Store16(Assembler a, TripStage stage)
    {
        int result = TripLayout.Results + ((int)stage * ResultSize);
        a.mov(__dword_ptr[result], eax);
        a.mov(__dword_ptr[result + 4], ebx);
        a.mov(__dword_ptr[result + 8], ecx);
        a.mov(__dword_ptr[result + 12], edx);
    }
}
