using Hypervisor.Core.Host;
using Hypervisor.Core.Vmx;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hypervisor.Tool.Stubs;

/// <summary>Entry to and exit from a VMX guest, and the VMX instructions.</summary>
internal static class VmxStubs
{
    /// <summary>Where a full entry begins, and one behind its last instruction: an NMI in between starts it again .</summary>
    internal const string EntryBegin = "hv_VmxEntryBegin";

    /// <summary>End of a full entry.</summary>
    internal const string EntryEnd = "hv_VmxEntryEnd";

    /// <summary>Where an entry behind a short exit begins.</summary>
    internal const string ShortEntryBegin = "hv_VmxShortEntryBegin";

    /// <summary>End of an entry behind a short exit.</summary>
    internal const string ShortEntryEnd = "hv_VmxShortEntryEnd";

    private const int DescriptorSize = 16;

    internal static void Write(StubWriter writer)
    {
        writer.Add("hv_VmxExit", a => WriteExit(writer, a));
        writer.Add("hv_VmxExitPoint", a =>
        {
            writer.LoadAddress(a, "hv_VmxExit");
            a.ret();
        });
        writer.Add("hv_VmxLaunch", WriteLaunch);
        writer.Add("hv_VmxRun", a => WriteRun(writer, a));
        WriteInstructions(writer);
    }

    /// <summary>
    /// Every exit arrives here: RSP is the foot of the host's stack, the general registers are the guest's. It leaves by VMRESUME. Just before, NMIs that came
    /// meanwhile are looked for; the host's NMI entry sets an interrupted RIP between a look and its VMRESUME back to the look, so that none is overlooked.
    /// </summary>
    private static void WriteExit(StubWriter writer, Assembler a)
    {
        Label rare = a.CreateLabel();
        Label shortNmi = a.CreateLabel();
        Label nmi = a.CreateLabel();
        Label failed = a.CreateLabel();

        RegisterSets.Save(a, RegisterSets.Rax);
        RegisterSets.Save(a, RegisterSets.Volatile);
        RegisterSets.Save(a, RegisterSets.Rbx);
        a.lea(rcx, __[rsp + ProcessorBlock.HomeSpace]);
        a.mov(eax, (uint)VmcsField32.ExitReason);
        a.vmread(rdx, rax);

        // What the calling convention keeps stays where it is, and so do the XMM registers, which this handler does not touch.
        writer.Call(a, "VmxFastEntry");
        a.test(eax, eax);
        a.jz(rare);
        writer.Mark(a, ShortEntryBegin);
        CompareNmis(a);
        a.jne(shortNmi);
        RegisterSets.Load(a, RegisterSets.Rax);
        RegisterSets.Load(a, RegisterSets.Volatile);
        RegisterSets.Load(a, RegisterSets.Rbx);
        a.vmresume();
        writer.Mark(a, ShortEntryEnd);
        a.jmp(failed);

        a.Label(ref rare);
        SaveRest(a);
        a.lea(rcx, __[rsp + ProcessorBlock.HomeSpace]);
        writer.Call(a, "VmxExitEntry");

        writer.Mark(a, EntryBegin);
        CompareNmis(a);
        a.jne(nmi);
        RegisterSets.LoadXmm(a);
        RegisterSets.Load(a, RegisterSets.Rax);
        RegisterSets.Load(a, RegisterSets.Volatile);
        RegisterSets.Load(a, RegisterSets.Kept);
        a.vmresume();
        writer.Mark(a, EntryEnd);
        a.nop();

        a.Label(ref failed);
        a.lea(rcx, __[rsp + ProcessorBlock.HomeSpace]);
        writer.Call(a, "VmxFailureEntry");
        a.ud2();

        a.Label(ref shortNmi);
        SaveRest(a);
        a.Label(ref nmi);
        a.lea(rcx, __[rsp + ProcessorBlock.HomeSpace]);
        writer.Call(a, "VmxNmiEntry");
        writer.Jump(a, EntryBegin);
    }

    private static void SaveRest(Assembler a)
    {
        RegisterSets.Save(a, RegisterSets.Kept);
        RegisterSets.SaveXmm(a);
    }

    private static void CompareNmis(Assembler a)
    {
        a.mov(eax, __dword_ptr[rsp + RegisterSets.Field(ProcessorDataLayout.NmiCount)]);
        a.cmp(eax, __dword_ptr[rsp + RegisterSets.Field(ProcessorDataLayout.NmiSeen)]);
    }

    /// <summary>void VmxLaunch(): returns only when the processor refuses, with the flags it was called with.</summary>
    private static void WriteLaunch(Assembler a)
    {
        a.pushfq();
        a.cli();
        a.mov(eax, 1);
        a.vmlaunch();
        a.popfq();
        a.ret();
    }

    /// <summary>void VmxRun(data): the first entry of a processor that the guest has started.</summary>
    private static void WriteRun(StubWriter writer, Assembler a)
    {
        a.lea(rsp, __[rcx - ProcessorBlock.HomeSpace]);
        RegisterSets.LoadXmm(a);
        RegisterSets.Load(a, RegisterSets.Rax);
        RegisterSets.Load(a, RegisterSets.Volatile);
        RegisterSets.Load(a, RegisterSets.Kept);
        a.vmlaunch();
        a.lea(rcx, __[rsp + ProcessorBlock.HomeSpace]);
        writer.Call(a, "VmxFailureEntry");
        a.ud2();
    }

    private static void WriteInstructions(StubWriter w)
    {
        w.Add("hv_UnblockNmis", a =>
        {
            Label next = a.CreateLabel();
            a.mov(rax, rsp);
            a.push(HostSelectors.Data);
            a.push(rax);
            a.pushfq();
            a.push(HostSelectors.Code);
            a.lea(rax, __[next]);
            a.push(rax);
            a.iretq();
            a.Label(ref next);
            a.ret();
        });
        w.Add("hv_VmxOff", a => { a.vmxoff(); a.ret(); });
        w.Add("hv_VmClear", a => Succeeds(a, () => a.vmclear(__qword_ptr[rcx])));
        w.Add("hv_VmPtrLoad", a => Succeeds(a, () => a.vmptrld(__qword_ptr[rcx])));
        w.Add("hv_VmRead", a =>
        {
            Label failed = a.CreateLabel();
            a.vmread(rax, rcx);
            a.jbe(failed); // CF or ZF: VMfail (Intel SDM vol 3 §30.2)
            a.ret();
            a.Label(ref failed);
            a.ud2();
        });
        w.Add("hv_TryVmRead", a =>
        {
            Label failed = a.CreateLabel();
            a.vmread(rax, rcx);
            a.jbe(failed);
            a.mov(__qword_ptr[rdx], rax);
            a.mov(eax, 1);
            a.ret();
            a.Label(ref failed);
            a.xor(eax, eax);
            a.ret();
        });
        w.Add("hv_VmWrite", a =>
        {
            Label failed = a.CreateLabel();
            a.vmwrite(rcx, rdx);
            a.jbe(failed);
            a.ret();
            a.Label(ref failed);
            a.ud2();
        });
        w.Add("hv_InvalidateEpt", a => Invalidate(a, rdx, () => a.invept(rcx, __xmmword_ptr[rsp])));
        w.Add("hv_InvalidateVpid", a =>
        {
            a.movzx(edx, dx);
            Invalidate(a, rdx, () => a.invvpid(rcx, __xmmword_ptr[rsp]));
        });
    }

    /// <summary>The descriptor of an invalidation: what to invalidate, and eight bytes of zeros (Intel SDM vol 3 §30.3, INVEPT and INVVPID).</summary>
    private static void Invalidate(Assembler a, AssemblerRegister64 what, System.Action instruction)
    {
        Label failed = a.CreateLabel();
        a.sub(rsp, DescriptorSize);
        a.mov(__qword_ptr[rsp], what);
        a.mov(__qword_ptr[rsp + sizeof(ulong)], 0);
        a.mov(ecx, ecx);
        instruction();
        a.jbe(failed);
        a.add(rsp, DescriptorSize);
        a.ret();
        a.Label(ref failed);
        a.ud2();
    }

    private static void Succeeds(Assembler a, System.Action instruction)
    {
        instruction();
        a.seta(al); // neither CF nor ZF
        a.movzx(eax, al);
        a.ret();
    }
}
