using Hypervisor.Core.Cpu;
using Hypervisor.Core.Host;
using Hypervisor.Core.Svm;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hypervisor.Tool.Stubs;

/// <summary>Entry to and exit from an SVM guest.</summary>
internal static class SvmStubs
{
    /// <summary>Registers that a callee may change (Microsoft x64), with their number in <see cref="GuestRegisters"/>. RAX and RSP travel in the VMCB.</summary>
    private static readonly (AssemblerRegister64 Register, int Index)[] s_volatile = [(rcx, 1), (rdx, 2), (r8, 8), (r9, 9), (r10, 10), (r11, 11)];

    /// <summary>Registers that a callee keeps.</summary>
    private static readonly (AssemblerRegister64 Register, int Index)[] s_kept =
        [(rbx, 3), (rbp, 5), (rsi, 6), (rdi, 7), (r12, 12), (r13, 13), (r14, 14), (r15, 15)];

    private static readonly AssemblerRegisterXMM[] s_volatileXmm = [xmm0, xmm1, xmm2, xmm3, xmm4, xmm5];

    private static readonly AssemblerRegisterXMM[] s_keptXmm = [xmm6, xmm7, xmm8, xmm9, xmm10, xmm11, xmm12, xmm13, xmm14, xmm15];

    internal static void Write(StubWriter writer)
    {
        writer.Add("hv_SvmRun", a => WriteRun(writer, a));
        writer.Add("hv_SvmLaunch", a => WriteLaunch(writer, a));
        writer.Add("hv_CallResident", WriteCallResident);
    }

    /// <summary>
    /// void SvmRun(ProcessorData* data): runs the guest for ever. RSP stays at one place, so that the whole state of the loop is found from it.
    /// </summary>
    private static void WriteRun(StubWriter writer, Assembler a)
    {
        a.lea(rsp, __[rcx - ProcessorBlock.HomeSpace]);
        a.mov(rax, __qword_ptr[rsp + Field(ProcessorDataLayout.HostControl)]);
        a.vmsave();

        Label enter = a.CreateLabel();
        Label rare = a.CreateLabel();
        a.Label(ref enter);
        a.mov(rax, __qword_ptr[rsp + Field(ProcessorDataLayout.GuestControl)]);
        a.vmload();
        for (int i = 0; i < s_volatileXmm.Length; i++)
        {
            a.movaps(s_volatileXmm[i], __xmmword_ptr[rsp + Field(ProcessorDataLayout.Xmm) + (i * 16)]);
        }

        LoadRegisters(a, s_volatile);
        LoadRegisters(a, s_kept);
        Label run = a.CreateLabel();
        a.Label(ref run);
        a.vmrun();

        // #VMEXIT: RSP, RAX (the VMCB's address) and RFLAGS are the host's again (AMD APM vol 2 §15.6). FS, GS, TR and LDTR are still
        // the guest's: they change places first, so that a fault from here on finds the host's task state and its stacks.
        a.vmsave();
        SaveRegisters(a, s_volatile);
        a.mov(rdx, rax);
        a.mov(rax, __qword_ptr[rsp + Field(ProcessorDataLayout.HostControl)]);
        a.vmload();
        a.lea(rcx, __[rsp + ProcessorBlock.HomeSpace]);
        a.cmp(__qword_ptr[rdx + Vmcb.ExitCodeOffset], (int)SvmExitCode.Cpuid);
        a.jne(rare);

        // The one hot exit: what the calling convention keeps stays where it is, and so do the XMM registers, which this handler does not touch.
        writer.Call(a, "SvmCpuidEntry");
        a.lea(rcx, __[rsp + ProcessorBlock.HomeSpace]);
        a.mov(rdx, __qword_ptr[rsp + Field(ProcessorDataLayout.GuestControl)]);
        a.test(eax, eax);
        a.jz(rare);
        a.mov(rax, rdx);
        a.vmload();
        LoadRegisters(a, s_volatile);
        a.mov(rbx, __qword_ptr[rsp + Field(ProcessorDataLayout.Registers) + (3 * sizeof(ulong))]);
        a.jmp(run);

        a.Label(ref rare);
        SaveRegisters(a, s_kept);
        for (int i = 0; i < s_volatileXmm.Length; i++)
        {
            a.movaps(__xmmword_ptr[rsp + Field(ProcessorDataLayout.Xmm) + (i * 16)], s_volatileXmm[i]);
        }

        writer.Call(a, "SvmExitEntry");
        a.jmp(enter);
    }

    private static void LoadRegisters(Assembler a, (AssemblerRegister64 Register, int Index)[] registers)
    {
        foreach ((AssemblerRegister64 register, int index) in registers)
        {
            a.mov(register, __qword_ptr[rsp + Field(ProcessorDataLayout.Registers) + (index * sizeof(ulong))]);
        }
    }

    private static void SaveRegisters(Assembler a, (AssemblerRegister64 Register, int Index)[] registers)
    {
        foreach ((AssemblerRegister64 register, int index) in registers)
        {
            a.mov(__qword_ptr[rsp + Field(ProcessorDataLayout.Registers) + (index * sizeof(ulong))], register);
        }
    }

    /// <summary>
    /// uint CallResident(launch, parameters): what the calling convention keeps is put on the stack, so that the guest, which begins at the mark below with this
    /// stack, finds it there whatever the copy did to the registers.
    /// </summary>
    private static void WriteCallResident(Assembler a)
    {
        Label resumed = a.CreateLabel();
        const int frame = 0x28 + (10 * 16); // home space, alignment, XMM6 to XMM15
        foreach ((AssemblerRegister64 register, _) in s_kept)
        {
            a.push(register);
        }

        a.sub(rsp, frame);
        for (int i = 0; i < s_keptXmm.Length; i++)
        {
            a.movups(__xmmword_ptr[rsp + ProcessorBlock.HomeSpace + (i * 16)], s_keptXmm[i]);
        }

        a.lea(rax, __[resumed]);
        a.mov(__qword_ptr[rdx], rax);
        a.mov(__qword_ptr[rdx + 8], rsp);
        a.mov(rax, rcx);
        a.mov(rcx, rdx);
        a.call(rax);
        a.Label(ref resumed);
        for (int i = 0; i < s_keptXmm.Length; i++)
        {
            a.movups(s_keptXmm[i], __xmmword_ptr[rsp + ProcessorBlock.HomeSpace + (i * 16)]);
        }

        a.add(rsp, frame);
        for (int i = s_kept.Length - 1; i >= 0; i--)
        {
            a.pop(s_kept[i].Register);
        }

        a.ret();
    }

    /// <summary>void SvmLaunch(data, vmcb, rip, rsp).</summary>
    private static void WriteLaunch(StubWriter writer, Assembler a)
    {
        Label reloaded = a.CreateLabel();

        a.pushfq();
        a.pop(rax);
        a.mov(__qword_ptr[rdx + Vmcb.RFlagsOffset], rax);
        a.mov(__qword_ptr[rdx + Vmcb.RipOffset], r8);
        a.mov(__qword_ptr[rdx + Vmcb.RspOffset], r9);
        a.mov(eax, 1);
        a.mov(__qword_ptr[rdx + Vmcb.RaxOffset], rax);

        a.cli();
        a.clgi();
        a.mov(rax, __qword_ptr[rcx + ProcessorDataLayout.HostCr4]);
        a.mov(cr4, rax);
        a.mov(rax, __qword_ptr[rcx + ProcessorDataLayout.HostCr0]);
        a.mov(cr0, rax);
        a.mov(rax, __qword_ptr[rcx + ProcessorDataLayout.HostCr3]);
        a.mov(cr3, rax);
        a.lea(rsp, __[rcx - ProcessorBlock.HomeSpace]);
        LoadHostTables(a, reloaded);
        writer.Jump(a, "hv_SvmRun");
    }

    /// <summary>Loads GDT, IDT, segment registers and TR of the host; RCX points to the processor's data, RSP into the host's stack.</summary>
    internal static void LoadHostTables(Assembler a, Label reloaded)
    {
        a.lgdt(__[rcx + ProcessorDataLayout.Gdtr]);
        a.lidt(__[rcx + ProcessorDataLayout.Idtr]);
        a.push((int)HostSelectors.Code);
        a.lea(rax, __[reloaded]);
        a.push(rax);
        a.db(0x48, 0xCB); // retfq
        a.Label(ref reloaded);
        a.mov(eax, HostSelectors.Data);
        a.mov(ss, eax);
        a.mov(ds, eax);
        a.mov(es, eax);
        a.xor(eax, eax);
        a.mov(fs, eax);
        a.mov(gs, eax);
        a.lldt(ax);
        a.mov(eax, HostSelectors.TaskState);
        a.ltr(ax);
    }

    private static int Field(int offset) => ProcessorBlock.HomeSpace + offset;
}
