using Hypervisor.Core.Host;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hypervisor.Tool.Stubs;

/// <summary>
/// Calls that can be ended from within: what the calling convention keeps is put on the stack, and where that stands into the mark. Vector registers are not: compiled
/// code of the image keeps to XMM0 to XMM5, and the check after linking sees to it.
/// </summary>
internal static class ContainmentStubs
{
    private const string Ended = "hv_ContainedEnd";
    private const int Frame = ProcessorBlock.HomeSpace + 8; // home space, alignment

    internal static void Write(StubWriter writer)
    {
        writer.Add("hv_CallContained", a => WriteCall(writer, a));
        writer.Add("hv_EndContained", a =>
        {
            a.mov(rsp, rcx);
            a.mov(eax, 1);
            writer.Jump(a, Ended);
        });
    }

    /// <summary>uint CallContained(function, argument, mark).</summary>
    private static void WriteCall(StubWriter writer, Assembler a)
    {
        foreach ((AssemblerRegister64 register, _) in RegisterSets.Kept)
        {
            a.push(register);
        }

        a.push(r8);
        a.push(__qword_ptr[r8]); // of the call around this one
        a.mov(__qword_ptr[r8], rsp);
        a.sub(rsp, Frame);
        a.mov(rax, rcx);
        a.mov(rcx, rdx);
        a.call(rax);
        a.add(rsp, Frame);
        a.xor(eax, eax);
        writer.Mark(a, Ended);
        a.pop(rcx);
        a.pop(r8);
        a.mov(__qword_ptr[r8], rcx);
        for (int i = RegisterSets.Kept.Length - 1; i >= 0; i--)
        {
            a.pop(RegisterSets.Kept[i].Register);
        }

        a.ret();
    }
}
