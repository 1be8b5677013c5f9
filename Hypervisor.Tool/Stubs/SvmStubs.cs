using Hypervisor.Core.Host;
using Hypervisor.Core.Svm;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hypervisor.Tool.Stubs;

/// <summary>Entry to and exit from an SVM guest.</summary>
internal static class SvmStubs
{
    internal static void Write(StubWriter writer)
    {
        writer.Add("hv_SvmRun", a => WriteRun(writer, a));
        writer.Add("hv_SvmLaunch", a => WriteLaunch(writer, a));
    }

    /// <summary>
    /// void SvmRun(ProcessorData* data): runs the guest for ever. RSP stays at one place, so that the whole state of the loop is found from it.
    /// </summary>
    private static void WriteRun(StubWriter writer, Assembler a)
    {
        a.lea(rsp, __[rcx - ProcessorBlock.HomeSpace]);
        a.mov(rax, __qword_ptr[rsp + RegisterSets.Field(ProcessorDataLayout.HostControl)]);
        a.vmsave();

        Label enter = a.CreateLabel();
        Label rare = a.CreateLabel();
        Label other = a.CreateLabel();
        Label handled = a.CreateLabel();
        a.Label(ref enter);
        a.mov(rax, __qword_ptr[rsp + RegisterSets.Field(ProcessorDataLayout.GuestControl)]);
        a.vmload();
        RegisterSets.LoadXmm(a);

        RegisterSets.Load(a, RegisterSets.Volatile);
        RegisterSets.Load(a, RegisterSets.Kept);
        Label run = a.CreateLabel();
        a.Label(ref run);
        a.vmrun();

        // #VMEXIT: RSP, RAX (the VMCB's address) and RFLAGS are the host's again (AMD APM vol 2 §15.6). FS, GS, TR and LDTR are still
        // the guest's: they change places first, so that a fault from here on finds the host's task state and its stacks.
        a.vmsave();
        RegisterSets.Save(a, RegisterSets.Volatile);
        a.mov(rdx, rax);
        a.mov(rax, __qword_ptr[rsp + RegisterSets.Field(ProcessorDataLayout.HostControl)]);
        a.vmload();
        a.lea(rcx, __[rsp + ProcessorBlock.HomeSpace]);
        a.cmp(__qword_ptr[rdx + Vmcb.ExitCodeOffset], (int)SvmExitCode.Cpuid);
        a.jne(other);

        // The hot exits: what the calling convention keeps stays where it is, and so do the XMM registers, which these handlers do not touch.
        writer.Call(a, "SvmCpuidEntry");
        a.Label(ref handled);
        a.lea(rcx, __[rsp + ProcessorBlock.HomeSpace]);
        a.mov(rdx, __qword_ptr[rsp + RegisterSets.Field(ProcessorDataLayout.GuestControl)]);
        a.test(eax, eax);
        a.jz(rare);
        a.mov(rax, rdx);
        a.vmload();
        RegisterSets.Load(a, RegisterSets.Volatile);
        RegisterSets.Load(a, RegisterSets.Rbx);
        a.jmp(run);

        a.Label(ref other);
        a.cmp(__qword_ptr[rdx + Vmcb.ExitCodeOffset], (int)SvmExitCode.Io);
        a.jne(rare);
        writer.Call(a, "SvmPortEntry");
        a.jmp(handled);

        a.Label(ref rare);
        RegisterSets.Save(a, RegisterSets.Kept);
        RegisterSets.SaveXmm(a);

        writer.Call(a, "SvmExitEntry");
        a.jmp(enter);
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
        HostStubs.LoadTables(a, reloaded);
        writer.Jump(a, "hv_SvmRun");
    }
}
